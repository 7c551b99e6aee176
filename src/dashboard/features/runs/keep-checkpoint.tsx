import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Checkpoint } from '../../../client/resources.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { runKeys } from '../../data/queries/runs.ts'

export function KeepCheckpoint({ checkpoint }: { readonly checkpoint: Checkpoint }) {
  const client = useClient()
  const queries = useQueryClient()
  const { id: checkpoint_id, run_id: id, keep, step, status } = checkpoint
  const change = useMutation({
    mutationFn: (wanted: boolean) => {
      const params = { path: { id, checkpoint_id } }
      return dataOf(client.PATCH('/v1/runs/{id}/checkpoints/{checkpoint_id}', { params, body: { keep: wanted } }))
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: runKeys.checkpoints(id) })
  })
  const problem = problemOf(change)
  if (status !== 'complete') return null
  return (
    <>
      <input
        type="checkbox"
        aria-label={`Keep the checkpoint of step ${step}`}
        title="No policy removes it"
        checked={change.isPending ? change.variables : keep}
        disabled={change.isPending}
        onChange={({ target }) => change.mutate(target.checked)}
      />
      {problem && <ProblemNotice problem={problem} />}
    </>
  )
}
