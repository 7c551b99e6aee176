import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { CreateProject, Project } from '../../../client/resources.ts'
import { FormButton } from '../../components/form-button.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshProjects } from '../../data/queries/installation.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { QuotaFields } from './quota-fields.tsx'
import { NO_QUOTAS, quotaPatch } from './quota-form.ts'

interface NewProject {
  readonly body: CreateProject
  readonly idempotencyKey: string
}

function useCreateProject() {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewProject) =>
      dataOf(client.POST('/v1/projects', { body, ...idempotent(idempotencyKey) })),
    onSuccess: () => void refreshProjects(queries)
  })
}

export function NewProjectButton() {
  const create = useCreateProject()
  const [name, setName] = useState('')
  const [quotas, setQuotas] = useState(NO_QUOTAS)
  const problem = problemOf(create)
  const errors = problem?.details.errors ?? []
  const open = () => {
    create.reset()
    setName('')
    setQuotas(NO_QUOTAS)
  }
  const submit = (close: () => void) => {
    const asked = quotaPatch(NO_QUOTAS, quotas)
    // As it was typed: the API says what is wrong with it.
    const body = { name: name.trim(), ...(asked && { quotas: asked }) } as CreateProject
    const onSuccess = ({ id }: Project) => {
      close()
      goTo(href.project(id))
    }
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess })
  }
  return (
    <FormButton
      label="New project"
      title="New project"
      confirm="Create project"
      canSubmit={name.trim() !== '' && !create.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={submit}
    >
      <p>Its datasets, runs, models and keys are its own. Nobody can use it before it has a key: that is made next.</p>
      <TextField label="Name" error={fieldMessage(errors, '/name')} value={name} onChange={setName} />
      <QuotaFields form={quotas} errors={errors} onChange={setQuotas} />
    </FormButton>
  )
}
