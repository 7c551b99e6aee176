import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { TextField } from '../../components/text-field.tsx'
import { QUOTA_FIELDS, type QuotaForm } from './quota-form.ts'

interface Props {
  readonly form: QuotaForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (form: QuotaForm) => void
}

export function QuotaFields({ form, errors, onChange }: Props) {
  return (
    <div className="fields">
      {QUOTA_FIELDS.map(({ name, label, hint }) => (
        <TextField
          key={name}
          label={label}
          hint={hint}
          placeholder="no limit"
          inputMode="decimal"
          error={fieldMessage(errors, `/quotas/${name}`)}
          value={form[name]}
          onChange={(value) => onChange({ ...form, [name]: value })}
        />
      ))}
    </div>
  )
}
