import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { PlanFields } from '../evaluations/plan-fields.tsx'
import { LAB_PROTOCOLS } from '../evaluations/plan-form.ts'
import type { EvaluationForm } from './run-request.ts'

interface Props {
  readonly form: EvaluationForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (form: EvaluationForm) => void
}

export function RunEvaluationFields({ form, errors, onChange }: Props) {
  const change = (patch: Partial<EvaluationForm>) => onChange({ ...form, ...patch })
  return (
    <Section
      title="Evaluation"
      hint="Measures the model when it is ready, and checkpoints on the way where that is asked for."
    >
      <label>
        <input
          type="checkbox"
          checked={form.isWanted}
          onChange={({ target }) => change({ isWanted: target.checked })}
        />{' '}
        Evaluate this run
      </label>
      {form.isWanted && (
        <>
          <PlanFields
            plan={form}
            protocols={LAB_PROTOCOLS}
            emptyDataset="those that it trains on"
            errors={errors}
            at="/evaluation"
            onChange={change}
          />
          <div className="fields">
            <TextField
              label="Also every so many epochs"
              hint="of a checkpoint; empty: the model alone"
              error={fieldMessage(errors, '/evaluation/every_epochs')}
              value={form.everyEpochs}
              inputMode="numeric"
              onChange={(everyEpochs) => change({ everyEpochs })}
            />
          </div>
        </>
      )}
    </Section>
  )
}
