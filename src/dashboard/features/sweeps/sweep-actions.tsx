import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { SweepComparison } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { hasOpenTrials, refreshSweepLists, takeSweep } from '../../data/queries/sweeps.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { EditButton } from '../description/edit-button.tsx'

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

function EditSweep({ sweep }: { readonly sweep: SweepComparison }) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id: sweep.id } }
  return (
    <EditButton
      described={sweep}
      save={async (body) => takeSweep(queries, await dataOf(client.PATCH('/v1/sweeps/{id}', { params, body })))}
    />
  )
}

function DeleteSweep({ sweep: { id, name } }: { readonly sweep: SweepComparison }) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/sweeps/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      goTo(href.sweeps())
      void refreshSweepLists(queries)
    }
  })
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete ${name ?? id}?`}
      confirm="Delete the sweep"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>The comparison goes. Its runs stay as they are, as runs of no sweep, and are deleted one by one.</p>
    </ConfirmButton>
  )
}

/** What some of its trials can take; the others stay as they are. */
export function SweepActions({ sweep, sweep: { id, statuses } }: { readonly sweep: SweepComparison }) {
  const cancel = useVerb(id, 'cancel')
  const isTaken = (verb: Verb) => TAKE[verb].some((status) => (statuses[status] ?? 0) > 0)
  return (
    <>
      <EditSweep sweep={sweep} />
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
      {!hasOpenTrials(sweep) && <DeleteSweep sweep={sweep} />}
    </>
  )
}
