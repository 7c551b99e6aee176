import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Evaluation } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { isOpen, refreshEvaluationLists, takeEvaluation } from '../../data/queries/evaluations.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { EditButton } from '../description/edit-button.tsx'

interface Props {
  readonly evaluation: Evaluation
}

export function EvaluationActions({ evaluation }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id: evaluation.id } }
  return (
    <>
      <EditButton
        described={evaluation}
        save={async (body) => {
          const changed = await dataOf(client.PATCH('/v1/evaluations/{id}', { params, body }))
          await takeEvaluation(queries, changed)
        }}
      />
      {isOpen(evaluation) ? <CancelEvaluation evaluation={evaluation} /> : <DeleteEvaluation evaluation={evaluation} />}
    </>
  )
}

function CancelEvaluation({ evaluation: { id } }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => dataOf(client.POST('/v1/evaluations/{id}:cancel', { params: { path: { id } } })),
    onSuccess: (evaluation) => void takeEvaluation(queries, evaluation)
  })
  return (
    <ConfirmButton
      label="Cancel"
      title="Cancel this evaluation?"
      confirm="Cancel the evaluation"
      dismiss="Go on"
      mutation={cancel}
    >
      <p>It ends at once, and nothing that it measured is kept.</p>
    </ConfirmButton>
  )
}

function DeleteEvaluation({ evaluation: { id, name, run } }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/evaluations/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      goTo(href.evaluations())
      void refreshEvaluationLists(queries)
    }
  })
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${name ?? id}?`}
      confirm="Delete the evaluation"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>
        Its results are removed and cannot be brought back.
        {run !== null && ' The metrics that its run has of it stay.'}
      </p>
    </ConfirmButton>
  )
}
