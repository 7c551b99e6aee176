import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { Checkpoint, Model, Run } from '../../../client/resources.ts'
import { FormButton } from '../../components/form-button.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshModels } from '../../data/queries/models.ts'
import { refreshRun } from '../../data/queries/runs.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'

interface Props {
  readonly checkpoint: Checkpoint
  readonly run: Run
}

interface Export {
  readonly name: string | null
  readonly idempotencyKey: string
}

/** Any checkpoint can be served: its teacher is exported in the background. */
export function ExportCheckpoint({ checkpoint: { id, step }, run }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const make = useMutation({
    ...REPEATABLE,
    mutationFn: ({ name: wanted, idempotencyKey }: Export) =>
      dataOf(client.POST('/v1/models', { body: { checkpoint: id, name: wanted }, ...idempotent(idempotencyKey) })),
    onSuccess: () => {
      void refreshModels(queries)
      // It stays as a model's from now on.
      void refreshRun(queries, run.id)
    }
  })
  const problem = problemOf(make)
  const open = () => {
    make.reset()
    setName(run.name ?? '')
  }
  const submit = (close: () => void) => {
    const onSuccess = (model: Model) => {
      close()
      goTo(href.model(model.id))
    }
    make.mutate({ name: name.trim() || null, idempotencyKey: newIdempotencyKey() }, { onSuccess })
  }
  return (
    <FormButton
      label="Make a model"
      accessibleName={`Make a model of step ${step}`}
      title={`Make a model of step ${step}`}
      confirm="Make the model"
      canSubmit={!make.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={submit}
    >
      <p>Its teacher is exported and checked against the training program; that takes a moment, on a worker.</p>
      <TextField
        label="Name"
        hint="the next version of this name; optional"
        error={fieldMessage(problem?.details.errors ?? [], '/name')}
        value={name}
        onChange={setName}
      />
    </FormButton>
  )
}
