import type { FieldProblem } from '../../../client/problem.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { Recipe } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { Section } from '../../components/section.tsx'
import type { JsonObject } from '../../json.ts'
import { DatasetSelect } from './dataset-select.tsx'
import { ARCHS, HYPERPARAMETER_FIELDS, METHODS, PRESETS, type RunForm, showValue } from './run-request.ts'

interface Props {
  readonly form: RunForm
  readonly onChange: (patch: Partial<RunForm>) => void
  /** As the API resolved it: what an empty field stands for. */
  readonly recipe: Recipe | null
  readonly errors: readonly FieldProblem[]
  readonly othersError: string | null
}

export function RunFields(props: Props) {
  return (
    <>
      <Essentials {...props} />
      <Hyperparameters {...props} />
    </>
  )
}

function Essentials({ form, onChange, recipe, errors }: Props) {
  return (
    <Section title="Run">
      <div className="fields">
        <DatasetSelect
          value={form.dataset}
          error={fieldMessage(errors, '/dataset')}
          onChange={(dataset) => onChange({ dataset })}
        />
        <Field label="Name" hint="optional" error={fieldMessage(errors, '/name')}>
          {(control) => (
            <input {...control} value={form.name} onChange={(event) => onChange({ name: event.target.value })} />
          )}
        </Field>
        <Choice
          label="Method"
          value={form.method}
          options={METHODS}
          error={fieldMessage(errors, '/method')}
          onChange={(method) => onChange({ method })}
        />
        <Choice
          label="Preset"
          value={form.preset}
          options={PRESETS}
          empty="auto, for these images"
          error={fieldMessage(errors, '/preset')}
          onChange={(preset) => onChange({ preset })}
        />
        <Choice
          label="Backbone"
          value={form.arch}
          options={ARCHS}
          empty={recipe ? `by preset: ${recipe.arch}` : 'by preset'}
          error={fieldMessage(errors, '/arch')}
          onChange={(arch) => onChange({ arch })}
        />
        <Field label="Patch size" hint="pixels" error={fieldMessage(errors, '/patch_size')}>
          {(control) => (
            <input
              {...control}
              inputMode="numeric"
              value={form.patchSize}
              placeholder={recipe ? String(recipe.patch_size) : ''}
              onChange={(event) => onChange({ patchSize: event.target.value })}
            />
          )}
        </Field>
        <Field label="Seed" hint="same seed, same weights" error={fieldMessage(errors, '/seed')}>
          {(control) => (
            <input
              {...control}
              inputMode="numeric"
              value={form.seed}
              placeholder={recipe ? String(recipe.seed) : ''}
              onChange={(event) => onChange({ seed: event.target.value })}
            />
          )}
        </Field>
        <Field label="When it collapses" error={fieldMessage(errors, '/alarms')}>
          {(control) => (
            <select
              {...control}
              value={form.onCollapse}
              onChange={(event) => onChange({ onCollapse: event.target.value === 'pause' ? 'pause' : 'notify' })}
            >
              <option value="notify">raise an alarm</option>
              <option value="pause">raise an alarm and pause</option>
            </select>
          )}
        </Field>
      </div>
    </Section>
  )
}

function Hyperparameters({ form, onChange, recipe, errors, othersError }: Props) {
  const resolved: JsonObject = recipe?.hyperparameters ?? {}
  return (
    <Section title="Hyperparameters" hint="Empty fields take the preset's value, shown in gray.">
      <div className="fields">
        {HYPERPARAMETER_FIELDS.map(({ name, label, hint }) => (
          <Field key={name} label={label} hint={hint} error={fieldMessage(errors, `/hyperparameters/${name}`)}>
            {(control) => (
              <input
                {...control}
                inputMode="decimal"
                value={form.hyperparameters[name] ?? ''}
                placeholder={showValue(resolved[name])}
                onChange={(event) =>
                  onChange({ hyperparameters: { ...form.hyperparameters, [name]: event.target.value } })
                }
              />
            )}
          </Field>
        ))}
      </div>
      <Field
        label="Others, as JSON"
        hint='such as {"drop_path": 0.1, "crops": {"local": {"count": 6}}}'
        error={othersError ?? otherFieldMessage(errors)}
      >
        {(control) => (
          <textarea
            {...control}
            rows={3}
            spellCheck={false}
            value={form.others}
            onChange={(event) => onChange({ others: event.target.value })}
          />
        )}
      </Field>
    </Section>
  )
}

/** What the API says of a hyperparameter that has no field of its own. */
function otherFieldMessage(errors: readonly FieldProblem[]): string | null {
  const own = HYPERPARAMETER_FIELDS.map(({ name }) => `/hyperparameters/${name}`)
  const other = errors.find(
    ({ path }) =>
      path.startsWith('/hyperparameters/') && !own.some((field) => path === field || path.startsWith(`${field}/`))
  )
  return other ? `${other.path.slice('/hyperparameters/'.length)} ${other.message}` : null
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly options: readonly string[]
  /** What choosing nothing means; without it something must be chosen. */
  readonly empty?: string
  readonly error: string | null
  readonly onChange: (value: string) => void
}

function Choice({ label, value, options, empty, error, onChange }: ChoiceProps) {
  return (
    <Field label={label} error={error}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
          {empty !== undefined && <option value="">{empty}</option>}
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
