import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { RetentionFields } from '../retention/retention-fields.tsx'
import type { CheckpointForm, ComputeForm } from './run-request.ts'

interface Props<T> {
  readonly form: T
  readonly errors: readonly FieldProblem[]
  readonly onChange: (form: T) => void
}

const DEVICE_WORDS = [
  ['any', 'whatever a worker has'],
  ['cpu', 'CPU'],
  ['gpu', 'GPU']
] as const

export function ComputeFields({ form, errors, onChange }: Props<ComputeForm>) {
  const field = (name: keyof ComputeForm, wire: string) => ({
    value: form[name],
    error: fieldMessage(errors, `/compute/${wire}`),
    onChange: (value: string) => onChange({ ...form, [name]: value })
  })
  return (
    <Section title="Machine" hint="The run waits for a worker that has what it asks for.">
      <div className="fields">
        <Choice label="Device" options={DEVICE_WORDS} {...field('device', 'device')} value={form.device || 'any'} />
        <TextField
          label="Devices"
          hint="that share every batch; 1"
          placeholder="1"
          inputMode="numeric"
          {...field('devices', 'devices')}
        />
        <TextField
          label="Longest time"
          hint="seconds of training; 4 weeks"
          placeholder="2419200"
          inputMode="numeric"
          {...field('maxRuntimeS', 'max_runtime_s')}
        />
        <TextField
          label="Priority"
          hint="−100 … 100, larger is sooner"
          placeholder="0"
          {...field('priority', 'priority')}
        />
      </div>
    </Section>
  )
}

export function CheckpointFields({ form, errors, onChange }: Props<CheckpointForm>) {
  return (
    <Section title="Checkpoints" hint="Which are written, and which stay; single ones are kept on the run's page.">
      <div className="fields">
        <TextField
          label="One every"
          hint="seconds; 900"
          placeholder="900"
          inputMode="numeric"
          error={fieldMessage(errors, '/checkpoint/every_s')}
          value={form.everyS}
          onChange={(everyS) => onChange({ ...form, everyS })}
        />
        <RetentionFields
          form={form}
          errors={errors}
          at="/checkpoint"
          otherwise="as the project has it"
          onChange={(patch) => onChange({ ...form, ...patch })}
        />
      </div>
    </Section>
  )
}
