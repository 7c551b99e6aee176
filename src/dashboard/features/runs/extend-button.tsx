import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { Run } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { FormButton } from '../../components/form-button.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { takeRun } from '../../data/queries/runs.ts'

function useExtend(id: string) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (epochs: number) =>
      dataOf(client.POST('/v1/runs/{id}:extend', { params: { path: { id } }, body: { epochs } })),
    onSuccess: (run) => void takeRun(queries, run)
  })
}

export function ExtendButton({ run }: { readonly run: Run }) {
  const has = Number(run.resolved_recipe.hyperparameters['epochs'])
  const [epochs, setEpochs] = useState('')
  const extend = useExtend(run.id)
  const problem = problemOf(extend)
  const open = () => {
    extend.reset()
    setEpochs(String(2 * Math.max(1, has)))
  }
  return (
    <FormButton
      label="Train longer"
      title="Train this run for more epochs"
      confirm="Train longer"
      canSubmit={Number(epochs) > has && !extend.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={(close) => extend.mutate(Number(epochs), { onSuccess: close })}
    >
      <p>
        It goes on from its newest checkpoint. From there on its schedules are those of the new length: the learning
        rate goes up again.
      </p>
      <Field
        label="Epochs in all"
        hint={`it has ${has}`}
        error={fieldMessage(problem?.details.errors ?? [], '/epochs')}
      >
        {(control) => (
          <input
            {...control}
            type="number"
            min={has + 1}
            value={epochs}
            onChange={(event) => setEpochs(event.target.value)}
          />
        )}
      </Field>
    </FormButton>
  )
}
