import type { FieldProblem } from '../../../client/problem.ts'
import { fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { Field } from '../../components/field.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import type { JsonObject } from '../../json.ts'
import { showValue } from '../../typed-values.ts'
import { DatasetSelect } from '../datasets/dataset-select.tsx'
import { InitFields } from './init-fields.tsx'
import { CheckpointFields, ComputeFields } from './machine-fields.tsx'
import { RunEvaluationFields } from './run-evaluation-fields.tsx'
import { ARCHS, HYPERPARAMETER_FIELDS, METHODS, PRESETS, type ResolvedRecipe, type RunForm } from './run-request.ts'

export interface RunFieldsProps {
  readonly form: RunForm
  readonly onChange: (patch: Partial<RunForm>) => void
  /** As the API resolved it: what an empty field stands for. */
  readonly recipe: ResolvedRecipe | null
  readonly errors: readonly FieldProblem[]
  readonly othersError: string | null
}

export function RunFields(props: RunFieldsProps) {
  return (
    <>
      <Section title="Run">
        <div className="fields">
          <ImagesField {...props} />
          <MethodFields {...props} />
        </div>
      </Section>
      <FurtherFields {...props} />
    </>
  )
}

/** All that a preset chooses. */
export function RecipeFields(props: RunFieldsProps) {
  return (
    <>
      <Section title="Method">
        <div className="fields">
          <MethodFields {...props} />
        </div>
      </Section>
      <FurtherFields {...props} />
    </>
  )
}

function FurtherFields(props: RunFieldsProps) {
  const { form, errors, onChange } = props
  return (
    <>
      <Hyperparameters {...props} />
      <InitFields form={form.init} errors={errors} onChange={(init) => onChange({ init })} />
      <RunEvaluationFields form={form.evaluation} errors={errors} onChange={(evaluation) => onChange({ evaluation })} />
      <ComputeFields form={form.compute} errors={errors} onChange={(compute) => onChange({ compute })} />
      <CheckpointFields form={form.checkpoint} errors={errors} onChange={(checkpoint) => onChange({ checkpoint })} />
    </>
  )
}

export function ImagesField({ form, onChange, errors }: RunFieldsProps) {
  return (
    <DatasetSelect
      value={form.dataset}
      error={fieldMessage(errors, '/dataset')}
      onChange={(dataset) => onChange({ dataset })}
    />
  )
}

function MethodFields({ form, onChange, recipe, errors }: RunFieldsProps) {
  return (
    <>
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
        empty={recipe?.arch ? `by preset: ${recipe.arch}` : 'by preset'}
        error={fieldMessage(errors, '/arch')}
        onChange={(arch) => onChange({ arch })}
      />
      <TextField
        label="Patch size"
        hint="pixels"
        error={fieldMessage(errors, '/patch_size')}
        value={form.patchSize}
        placeholder={showValue(recipe?.patch_size)}
        inputMode="numeric"
        onChange={(patchSize) => onChange({ patchSize })}
      />
      <TextField
        label="Seed"
        hint="same seed, same weights"
        error={fieldMessage(errors, '/seed')}
        value={form.seed}
        placeholder={showValue(recipe?.seed)}
        inputMode="numeric"
        onChange={(seed) => onChange({ seed })}
      />
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
    </>
  )
}

function Hyperparameters({ form, onChange, recipe, errors, othersError }: RunFieldsProps) {
  const resolved: JsonObject = recipe?.hyperparameters ?? {}
  return (
    <Section title="Hyperparameters" hint="Empty fields take the preset's value, shown in gray.">
      <div className="fields">
        {HYPERPARAMETER_FIELDS.map(({ name, label, hint }) => (
          <TextField
            key={name}
            label={label}
            hint={hint}
            error={fieldMessage(errors, `/hyperparameters/${name}`)}
            value={form.hyperparameters[name] ?? ''}
            placeholder={showValue(resolved[name])}
            inputMode="decimal"
            onChange={(value) => onChange({ hyperparameters: { ...form.hyperparameters, [name]: value } })}
          />
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
