import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Run } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { refreshRunLists } from '../../data/queries/runs.ts'
import { goTo } from '../../data/use-location.ts'
import { runTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'

/** Others have to be cancelled or paused first. */
const DELETABLE: ReadonlySet<Run['status']> = new Set(['paused', 'cancelled', 'succeeded', 'failed'])

export function DeleteRun({ run }: { readonly run: Run }) {
  const { id, status } = run
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/runs/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      goTo(href.runs())
      void refreshRunLists(queries)
    }
  })
  if (!DELETABLE.has(status)) return null
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${runTitle(run)}?`}
      confirm="Delete the run"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>Its checkpoints, metrics and log are removed and cannot be brought back. Models made from it stay.</p>
    </ConfirmButton>
  )
}
