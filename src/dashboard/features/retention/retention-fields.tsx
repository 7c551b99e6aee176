import { useId } from 'react'
import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { TextField } from '../../components/text-field.tsx'
import { METRIC_KEYS } from '../runs/metric-keys.ts'
import { NONE, type RetentionForm } from './retention-form.ts'

interface Props {
  readonly form: RetentionForm
  readonly errors: readonly FieldProblem[]
  /** Where the policy is in the request: `/checkpoint`. */
  readonly at: string
  /** What an empty field means; a project says everything itself. */
  readonly otherwise?: string
  readonly onChange: (patch: Partial<RetentionForm>) => void
}

const BEST = [
  [NONE, 'none'],
  ['minimize', 'those with the lowest'],
  ['maximize', 'those with the highest']
] as const

/** Beside what is kept by hand. */
export function RetentionFields({ form, errors, at, otherwise, onChange }: Props) {
  const metrics = useId()
  const error = (field: string) => fieldMessage(errors, `${at}/${field}`)
  const isByMetric = form.best === 'minimize' || form.best === 'maximize'
  const orOther = otherwise === undefined ? '' : `; empty: ${otherwise}`
  return (
    <>
      <TextField
        label="The newest stay"
        hint={`how many${orOther}`}
        inputMode="numeric"
        error={error('keep_last')}
        value={form.keepLast}
        onChange={(keepLast) => onChange({ keepLast })}
      />
      <TextField
        label="Also stays one every"
        hint={`epochs, or ${NONE}${orOther}`}
        error={error('keep_every_epochs')}
        value={form.keepEveryEpochs}
        onChange={(keepEveryEpochs) => onChange({ keepEveryEpochs })}
      />
      <Choice
        label="The best stay"
        options={BEST}
        {...(otherwise !== undefined && { empty: otherwise })}
        error={isByMetric ? null : error('keep_best')}
        value={form.best}
        onChange={(best) => onChange({ best: best as RetentionForm['best'] })} // one of the options
      />
      {isByMetric && (
        <>
          <TextField
            label="Best by"
            hint="a metric, such as eval/knn_top1_k20"
            list={metrics}
            placeholder="loss"
            error={error('keep_best/metric') ?? error('keep_best')}
            value={form.bestMetric}
            onChange={(bestMetric) => onChange({ bestMetric })}
          />
          <datalist id={metrics}>
            {METRIC_KEYS.map((key) => (
              <option key={key} value={key} />
            ))}
          </datalist>
          <TextField
            label="How many of the best"
            placeholder="1"
            inputMode="numeric"
            error={error('keep_best/count')}
            value={form.bestCount}
            onChange={(bestCount) => onChange({ bestCount })}
          />
        </>
      )}
    </>
  )
}
