import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import type { VectorSet } from '../../../client/resources.ts'
import { TextField } from '../../components/text-field.tsx'
import { FromSelect } from './from-select.tsx'
import { isLabelled, type SelectForm } from './select-form.ts'

interface Props {
  readonly set: VectorSet
  readonly form: SelectForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (patch: Partial<SelectForm>) => void
}

/** Whether images without a label get that of their neighbours, and from which confidence on. */
export function LabelFields({ set, form, errors, onChange }: Props) {
  return (
    <>
      {form.strategy !== 'all' && (
        <label className="check">
          <input
            type="checkbox"
            checked={form.isLabelled}
            onChange={({ target }) => onChange({ isLabelled: target.checked })}
          />{' '}
          Images without a label get that of their neighbours
        </label>
      )}
      {isLabelled(form) && (
        <>
          <TextField
            label="Confidence at the least"
            hint="share of the vote; below it an image stays without"
            inputMode="decimal"
            placeholder="0.9"
            value={form.min_confidence}
            error={fieldMessage(errors, '/labels/min_confidence')}
            onChange={(value) => onChange({ min_confidence: value })}
          />
          <TextField
            label="Neighbours that vote"
            inputMode="numeric"
            placeholder="20"
            value={form.neighbors}
            error={fieldMessage(errors, '/labels/neighbors')}
            onChange={(neighbors) => onChange({ neighbors })}
          />
          <FromSelect
            set={set}
            value={form.from}
            error={fieldMessage(errors, '/labels/from')}
            onChange={(from) => onChange({ from })}
          />
        </>
      )}
    </>
  )
}
