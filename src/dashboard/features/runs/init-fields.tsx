import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { ModelField } from '../models/model-field.tsx'
import { HEADS, type InitForm } from './run-request.ts'

interface Props {
  readonly form: InitForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (form: InitForm) => void
}

const SOURCES = [
  ['model', 'a model'],
  ['checkpoint', "a checkpoint's teacher"]
] as const

/** A finding about the whole is said at its first field. */
const about = (errors: readonly FieldProblem[], field: string): string | null =>
  fieldMessage(errors, `/init/${field}`) ?? errors.find(({ path }) => path === '/init')?.message ?? null

export function InitFields({ form, errors, onChange }: Props) {
  const change = (patch: Partial<InitForm>) => onChange({ ...form, ...patch })
  const id = {
    value: form.id,
    error: about(errors, form.source),
    onChange: (value: string) => change({ id: value })
  }
  return (
    <Section
      title="Begins from"
      hint="Its backbone is taken; a checkpoint's whole training state goes on as a fork of its run."
    >
      <div className="fields">
        <Choice
          label="Weights"
          value={form.source}
          options={form.source === 'weights' ? [...SOURCES, ['weights', 'a file of weights']] : SOURCES}
          empty="random ones"
          error={null}
          onChange={(source) => change({ source: source as InitForm['source'], id: '' })} // one of the options
        />
        {form.source === 'model' && <ModelField label="Model" {...id} />}
        {(form.source === 'checkpoint' || form.source === 'weights') && (
          <TextField label="Checkpoint" hint="its id, from the page of its run" placeholder="ckpt_…" {...id} />
        )}
        {form.source !== '' && (
          <Choice
            label="Head"
            hint="taken where it fits, else seeded at clusters of the images"
            value={form.head}
            options={HEADS}
            empty="by its size"
            error={fieldMessage(errors, '/init/head')}
            onChange={(head) => change({ head })}
          />
        )}
      </div>
    </Section>
  )
}
