import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { Project, UpdateProject } from '../../../client/resources.ts'
import { FormButton } from '../../components/form-button.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { takeProject } from '../../data/queries/installation.ts'
import { RetentionFields } from '../retention/retention-fields.tsx'
import { retentionBody, retentionFormOf } from '../retention/retention-form.ts'
import { QuotaFields } from './quota-fields.tsx'
import { quotaFormOf, quotaPatch } from './quota-form.ts'

interface Props {
  readonly project: Project
}

function useChange(id: string) {
  const client = useClient()
  const queries = useQueryClient()
  const change = useMutation({
    mutationFn: (body: UpdateProject) => dataOf(client.PATCH('/v1/projects/{id}', { params: { path: { id } }, body })),
    onSuccess: (project) => takeProject(queries, project)
  })
  const problem = problemOf(change)
  return { change, problem, errors: problem?.details.errors ?? [] }
}

export function RenameProject({ project: { id, name } }: Props) {
  const { change, problem, errors } = useChange(id)
  const [typed, setTyped] = useState(name)
  const open = () => {
    change.reset()
    setTyped(name)
  }
  return (
    <FormButton
      label="Rename"
      title={`Rename ${name}`}
      confirm="Save"
      canSubmit={typed.trim() !== '' && typed.trim() !== name && !change.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={(close) => change.mutate({ name: typed.trim() }, { onSuccess: close })}
    >
      <TextField label="Name" error={fieldMessage(errors, '/name')} value={typed} onChange={setTyped} />
    </FormButton>
  )
}

export function EditQuotas({ project: { id, name, quotas } }: Props) {
  const { change, problem, errors } = useChange(id)
  const [before, setBefore] = useState(() => quotaFormOf(quotas))
  const [form, setForm] = useState(before)
  const patch = quotaPatch(before, form)
  const open = () => {
    change.reset()
    setBefore(quotaFormOf(quotas))
    setForm(quotaFormOf(quotas))
  }
  const submit = (close: () => void) => {
    // As it was typed: the API says what is wrong with it.
    if (patch) change.mutate({ quotas: patch as NonNullable<UpdateProject['quotas']> }, { onSuccess: close })
  }
  return (
    <FormButton
      label="Change quotas"
      title={`What ${name} may use`}
      confirm="Save"
      canSubmit={patch !== null && !change.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={submit}
    >
      <p>An empty field is no limit. A quota below what is used refuses more, and takes nothing away.</p>
      <QuotaFields form={form} errors={errors} onChange={setForm} />
    </FormButton>
  )
}

export function EditRetention({ project: { id, checkpoint } }: Props) {
  const { change, problem, errors } = useChange(id)
  const [form, setForm] = useState(() => retentionFormOf(checkpoint))
  const open = () => {
    change.reset()
    setForm(retentionFormOf(checkpoint))
  }
  const submit = (close: () => void) => {
    // As it was typed: the API says what is wrong with it.
    const policy = retentionBody(form) as NonNullable<UpdateProject['checkpoint']>
    change.mutate({ checkpoint: policy }, { onSuccess: close })
  }
  return (
    <FormButton
      label="Change"
      accessibleName="Change which checkpoints stay"
      title="Which checkpoints stay"
      confirm="Save"
      canSubmit={!change.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={submit}
    >
      <p>Of runs that are made from now on and do not say it themselves.</p>
      <div className="fields">
        <RetentionFields
          form={form}
          errors={errors}
          at="/checkpoint"
          onChange={(patch) => setForm((now) => ({ ...now, ...patch }))}
        />
      </div>
    </FormButton>
  )
}
