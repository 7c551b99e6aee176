import { useId } from 'react'
import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { newVaried, SUGGESTED_FIELDS, type SweepForm, type VariedForm } from './sweep-request.ts'
import { curvesOf } from './sweep-words.ts'
import { VariedRow } from './varied-row.tsx'

interface Props {
  readonly form: SweepForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (patch: Partial<SweepForm>) => void
}

export function SweepFields(props: Props) {
  return (
    <>
      <Named {...props} />
      <Varied {...props} />
    </>
  )
}

const KINDS = [
  ['grid', 'a grid of values'],
  ['random', 'drawn at random']
] as const

const DIRECTIONS = ['minimize', 'maximize'] as const

function Named({ form, errors, onChange }: Props) {
  const metrics = useId()
  return (
    <Section title="Sweep" hint="Runs that differ in some fields, 64 at most, compared in one table.">
      <div className="fields">
        <TextField
          label="Name of the sweep"
          hint="its runs are numbered after it"
          value={form.name}
          error={fieldMessage(errors, '/name')}
          onChange={(name) => onChange({ name })}
        />
        <Choice
          label="Trials are"
          value={form.kind}
          options={KINDS}
          error={wholeOf(errors, '/grid') ?? wholeOf(errors, '/random')}
          onChange={(kind) => onChange({ kind: kind === 'grid' ? 'grid' : 'random' })}
        />
        {form.kind === 'random' && (
          <>
            <TextField
              label="How many trials"
              hint="1 … 64"
              inputMode="numeric"
              value={form.trials}
              error={fieldMessage(errors, '/trials')}
              onChange={(trials) => onChange({ trials })}
            />
            <TextField
              label="Seed of the draws"
              hint="the same draws the same; 0"
              inputMode="numeric"
              placeholder="0"
              value={form.seed}
              error={fieldMessage(errors, '/seed')}
              onChange={(seed) => onChange({ seed })}
            />
          </>
        )}
        <TextField
          label="Objective"
          hint="optional: a metric that says which is best"
          list={metrics}
          placeholder="loss"
          value={form.metric}
          error={fieldMessage(errors, '/objective')}
          onChange={(metric) => onChange({ metric })}
        />
        <datalist id={metrics}>
          {[...curvesOf({ objective: null }), 'eval/knn_top1_k20'].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Choice
          label="Best is"
          value={form.direction}
          options={DIRECTIONS}
          error={null}
          onChange={(direction) => onChange({ direction: direction === 'minimize' ? 'minimize' : 'maximize' })}
        />
      </div>
    </Section>
  )
}

/** A finding about the whole of a group, and not about one of its fields. */
const wholeOf = (errors: readonly FieldProblem[], path: string): string | null =>
  errors.find((one) => one.path === path)?.message ?? null

function Varied({ form, errors, onChange }: Props) {
  const { varied, kind } = form
  const names = useId()
  const nextKey = 1 + Math.max(-1, ...varied.map(({ key }) => key))
  const change = (key: number, patch: Partial<VariedForm>) =>
    onChange({ varied: varied.map((one) => (one.key === key ? { ...one, ...patch } : one)) })
  return (
    <Section title="What differs" hint="By names of a run's request, with dots. Leave these fields empty below.">
      {varied.map((one, index) => (
        <VariedRow
          key={one.key}
          number={index + 1}
          varied={one}
          kind={kind}
          names={names}
          errors={errors}
          onChange={(patch) => change(one.key, patch)}
          onRemove={() => onChange({ varied: varied.filter(({ key }) => key !== one.key) })}
        />
      ))}
      <datalist id={names}>
        {SUGGESTED_FIELDS.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div className="actions">
        <button type="button" onClick={() => onChange({ varied: [...varied, newVaried(nextKey)] })}>
          Add a field
        </button>
      </div>
    </Section>
  )
}
