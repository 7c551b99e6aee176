import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import type { Drift, UpdateDrift } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { FormButton } from '../../components/form-button.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { changeDrift, takeDrift } from '../../data/queries/drift.ts'
import { type DriftForm, driftFormOf, driftPatch, LIMIT_FIELDS } from './drift-form.ts'

interface Props {
  readonly drift: Drift
}

function useChange(model: string) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (body: UpdateDrift) => changeDrift(client, model, body),
    onSuccess: (drift) => takeDrift(queries, drift)
  })
}

/** Switched on with its limits; once it is on, they are changed and it is switched off. */
export function DriftSwitch({ drift }: Props) {
  return (
    <div className="actions">
      <Limits drift={drift} />
      {drift.enabled && <SwitchOff drift={drift} />}
    </div>
  )
}

function Limits({ drift }: Props) {
  const known = driftFormOf(drift)
  const [form, setForm] = useState(known)
  const change = useChange(drift.model)
  const problem = problemOf(change)
  const patch = driftPatch(known, form)
  const body = { ...patch, ...(!drift.enabled && { enabled: true }) } as UpdateDrift // what is wrong with it says the API
  const open = () => {
    change.reset()
    setForm(known)
  }
  const words = drift.enabled
    ? ({ label: 'Limits', title: 'When served images differ too much', confirm: 'Save' } as const)
    : ({ label: 'Switch on', title: 'Count served images', confirm: 'Count them' } as const)
  return (
    <FormButton
      {...words}
      canSubmit={Object.keys(body).length > 0 && !change.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={(close) => change.mutate(body, { onSuccess: close })}
    >
      <LimitFields form={form} errors={problem?.details.errors ?? []} onChange={setForm} />
      <p className="muted small">
        {drift.enabled
          ? 'They act on windows that end from now on.'
          : 'Counts alone are kept: how many images each prototype has, and how many lie where training had few. No image, no vector.'}
      </p>
    </FormButton>
  )
}

interface FieldsProps {
  readonly form: DriftForm
  readonly errors: readonly FieldProblem[]
  readonly onChange: (form: DriftForm) => void
}

const LimitFields = ({ form, errors, onChange }: FieldsProps) => (
  <div className="fields">
    {LIMIT_FIELDS.map(({ name, label, hint, isWhole }) => (
      <TextField
        key={name}
        label={label}
        hint={hint}
        inputMode={isWhole ? 'numeric' : 'decimal'}
        error={fieldMessage(errors, `/${name}`)}
        value={form[name]}
        onChange={(value) => onChange({ ...form, [name]: value })}
      />
    ))}
  </div>
)

function SwitchOff({ drift: { model } }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const off = useMutation({
    mutationFn: () => changeDrift(client, model, { enabled: false }),
    onSuccess: (drift) => takeDrift(queries, drift)
  })
  return (
    <ConfirmButton
      label="Switch off"
      title="Count served images no more?"
      confirm="Stop counting"
      dismiss="Go on"
      mutation={off}
    >
      <p>
        The window that is being counted is thrown away. Those that have ended stay, and the model is not over any more.
      </p>
    </ConfirmButton>
  )
}
