import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { SweepComparison } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { takeSweep } from '../../data/queries/sweeps.ts'

const PATHS = {
  pause: '/v1/sweeps/{id}:pause',
  resume: '/v1/sweeps/{id}:resume',
  cancel: '/v1/sweeps/{id}:cancel',
  retry: '/v1/sweeps/{id}:retry'
} as const

type Verb = keyof typeof PATHS

/** Statuses of runs that a verb would change. */
const TAKE = {
  pause: ['queued', 'starting', 'running'],
  resume: ['paused', 'pausing'],
  cancel: ['queued', 'starting', 'running', 'pausing', 'paused'],
  retry: ['failed', 'cancelled']
} as const satisfies Record<Verb, readonly string[]>

function useVerb(id: string, verb: Verb) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => dataOf(client.POST(PATHS[verb], { params: { path: { id } } })),
    onSuccess: (sweep) => void takeSweep(queries, sweep)
  })
}

const LABELS = { pause: 'Pause', resume: 'Resume', retry: 'Retry failed and cancelled' } as const

function VerbButton({ id, verb }: { readonly id: string; readonly verb: keyof typeof LABELS }) {
  const mutation = useVerb(id, verb)
  const problem = problemOf(mutation)
  return (
    <>
      <button type="button" disabled={mutation.isPending} onClick={() => mutation.mutate()}>
        {LABELS[verb]}
      </button>
      {problem && <ProblemNotice problem={problem} />}
    </>
  )
}

/** What some of its trials can take; the others stay as they are. */
export function SweepActions({ sweep: { id, statuses } }: { readonly sweep: SweepComparison }) {
  const cancel = useVerb(id, 'cancel')
  const isTaken = (verb: Verb) => TAKE[verb].some((status) => (statuses[status] ?? 0) > 0)
  return (
    <>
      {isTaken('pause') && <VerbButton id={id} verb="pause" />}
      {isTaken('resume') && <VerbButton id={id} verb="resume" />}
      {isTaken('retry') && <VerbButton id={id} verb="retry" />}
      {isTaken('cancel') && (
        <ConfirmButton
          label="Cancel"
          title="Cancel the trials of this sweep?"
          confirm="Cancel the trials"
          dismiss="Keep them running"
          mutation={cancel}
        >
          <p>
            Those that have not ended end, and no model is made from them. They can be tried again, together or each
            from its page.
          </p>
        </ConfirmButton>
      )}
    </>
  )
}
