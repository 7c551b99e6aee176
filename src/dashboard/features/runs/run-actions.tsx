import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Run } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { takeRun } from '../../data/queries/runs.ts'
import { href } from '../../router.ts'
import { EditButton } from '../description/edit-button.tsx'
import { DeleteRun } from './delete-run.tsx'
import { ExtendButton } from './extend-button.tsx'
import { ForkButton } from './fork-button.tsx'

const PATHS = {
  pause: '/v1/runs/{id}:pause',
  resume: '/v1/runs/{id}:resume',
  cancel: '/v1/runs/{id}:cancel',
  retry: '/v1/runs/{id}:retry'
} as const

type Verb = keyof typeof PATHS

/** What makes sense for a run as it is, in the order of the buttons. */
const VERBS: Readonly<Record<Run['status'], readonly Verb[]>> = {
  queued: ['pause', 'cancel'],
  starting: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  pausing: ['resume', 'cancel'],
  paused: ['resume', 'cancel'],
  cancelling: [],
  cancelled: ['retry'],
  succeeded: [],
  failed: ['retry']
}

const LABELS = { pause: 'Pause', resume: 'Resume', retry: 'Retry from last checkpoint' } as const

function useVerb(id: string, verb: Verb) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => dataOf(client.POST(PATHS[verb], { params: { path: { id } } })),
    onSuccess: (run) => void takeRun(queries, run)
  })
}

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

function CancelButton({ id }: { readonly id: string }) {
  return (
    <ConfirmButton
      label="Cancel"
      title="Cancel this run?"
      confirm="Cancel the run"
      dismiss="Keep it running"
      mutation={useVerb(id, 'cancel')}
    >
      <p>It ends, and no model is made from it. Its checkpoints and metrics stay, and it can be tried again.</p>
    </ConfirmButton>
  )
}

function EditRun({ run }: { readonly run: Run }) {
  const client = useClient()
  const queries = useQueryClient()
  const params = { path: { id: run.id } }
  return (
    <EditButton
      described={run}
      save={async (body) => takeRun(queries, await dataOf(client.PATCH('/v1/runs/{id}', { params, body })))}
    />
  )
}

/** Out of the way in lists, and nothing else: it can be brought back. */
function ArchiveButton({ run: { id, archived } }: { readonly run: Run }) {
  const client = useClient()
  const queries = useQueryClient()
  const change = useMutation({
    mutationFn: () =>
      dataOf(client.PATCH('/v1/runs/{id}', { params: { path: { id } }, body: { archived: !archived } })),
    onSuccess: (run) => void takeRun(queries, run)
  })
  const problem = problemOf(change)
  return (
    <>
      <button type="button" disabled={change.isPending} onClick={() => change.mutate()}>
        {archived ? 'Bring back' : 'Archive'}
      </button>
      {problem && <ProblemNotice problem={problem} />}
    </>
  )
}

/** What a worker holds keeps its length; it can be forked all the same. */
const EXTENDABLE: ReadonlySet<Run['status']> = new Set(['queued', 'paused', 'cancelled', 'succeeded', 'failed'])

export function RunActions({ run }: { readonly run: Run }) {
  return (
    <>
      {run.model !== null && (
        <a className="button primary" href={href.model(run.model)}>
          Open model
        </a>
      )}
      <a className="button" href={href.newRun({ from: run.id })}>
        Run again
      </a>
      <EditRun run={run} />
      {VERBS[run.status].map((verb) =>
        verb === 'cancel' ? <CancelButton key={verb} id={run.id} /> : <VerbButton key={verb} id={run.id} verb={verb} />
      )}
      {EXTENDABLE.has(run.status) && <ExtendButton run={run} />}
      {run.latest_checkpoint !== null && <ForkButton run={run} />}
      <ArchiveButton run={run} />
      <DeleteRun run={run} />
    </>
  )
}
