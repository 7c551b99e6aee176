import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { TextField } from '../../components/text-field.tsx'
import { DatasetSelect } from '../datasets/dataset-select.tsx'
import { ModelField } from '../models/model-field.tsx'
import { type EvaluationForm, findsCopies } from './evaluation-request.ts'

interface Props {
  readonly form: EvaluationForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (patch: Partial<EvaluationForm>) => void
}

const SOURCES = [
  ['model', 'a model'],
  ['checkpoint', "a checkpoint's teacher"]
] as const

/** Of what, beside what else, and under which name. */
export function EvaluationFields({ form, errors, onChange }: Props) {
  const id = {
    value: form.id,
    error: fieldMessage(errors, `/${form.source}`),
    onChange: (value: string) => onChange({ id: value })
  }
  return (
    <div className="fields">
      <Choice
        label="Of"
        value={form.source}
        options={SOURCES}
        error={null}
        onChange={(source) => onChange({ source: source === 'model' ? 'model' : 'checkpoint', id: '' })}
      />
      {form.source === 'model' ? (
        <ModelField label="Model" {...id} />
      ) : (
        <TextField label="Checkpoint" hint="its id, from the page of its run" placeholder="ckpt_…" {...id} />
      )}
      <TextField
        label="Name"
        hint="optional"
        value={form.name}
        error={fieldMessage(errors, '/name')}
        onChange={(name) => onChange({ name })}
      />
      <TextField
        label="Compared with"
        hint="optional: another model or checkpoint, for label_free"
        value={form.against}
        error={fieldMessage(errors, '/against')}
        onChange={(against) => onChange({ against })}
      />
      {findsCopies(form) && <CopyFields form={form} errors={errors} onChange={onChange} />}
    </div>
  )
}

function CopyFields({ form, errors, onChange }: Props) {
  return (
    <>
      <DatasetSelect
        label="Distractors"
        hint="ranked beside the bank, looked for by nobody"
        empty="none"
        value={form.distractors}
        error={fieldMessage(errors, '/distractors')}
        onChange={(distractors) => onChange({ distractors })}
      />
      <DatasetSelect
        label="Whitening"
        hint="images of neither side that it is learned from"
        empty="none"
        value={form.whitening}
        error={fieldMessage(errors, '/whitening')}
        onChange={(whitening) => onChange({ whitening })}
      />
    </>
  )
}
