import { type QueryClient, skipToken, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { StreamState } from '../../../client/event-stream.ts'
import type { Problem } from '../../../client/problem.ts'
import type { RunEvent } from '../../../client/resources.ts'
import { followRunEvents } from '../../../client/run-events.ts'
import { isFinished } from '../../../client/run-status.ts'
import { useClient } from '../../data/api.ts'
import { refreshRun, runKeys } from '../../data/queries/runs.ts'
import { type EventFeed, emptyFeed, takeEvents } from './event-feed.ts'

interface Connection {
  readonly connection: StreamState
  readonly problem: Problem | null
}

export interface RunEvents extends EventFeed, Connection {}

/** A replay brings thousands of events at once: one render for all that came within this time. */
const GATHER_MS = 100

interface Asked {
  readonly client: KappaClient
  readonly queries: QueryClient
  readonly runId: string
}

/** Not as a query, which would wait for an API that is away while the stream seems to live. */
async function hasFinished({ client, queries, runId }: Asked, signal: AbortSignal): Promise<boolean> {
  const run = await dataOf(client.GET('/v1/runs/{id}', { params: { path: { id: runId } }, signal }))
  queries.setQueryData(runKeys.run(runId), run)
  return isFinished(run)
}

interface Follower extends Asked {
  readonly onConnection: (connection: Connection) => void
}

/** Feeds the cache with the run's events, from where it was left, until the returned function is called. */
export function follow({ client, queries, runId, onConnection }: Follower): () => void {
  const controller = new AbortController()
  let gathered: RunEvent[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    const events = gathered
    timer = undefined
    gathered = []
    queries.setQueryData<EventFeed>(runKeys.events(runId), (feed = emptyFeed) => takeEvents(feed, events))
    // Progress is in the event itself; all else may have changed the run, or made a checkpoint.
    if (events.some(({ type }) => type !== 'progress')) void refreshRun(queries, runId)
  }
  void followRunEvents(client, {
    runId,
    after: queries.getQueryData<EventFeed>(runKeys.events(runId))?.lastSeq ?? 0,
    onEvent: (event) => {
      gathered.push(event)
      timer ??= setTimeout(flush, GATHER_MS)
    },
    onState: (connection, problem) => onConnection({ connection, problem }),
    isOver: () => hasFinished({ client, queries, runId }, controller.signal),
    signal: controller.signal
  })
  return () => {
    controller.abort()
    clearTimeout(timer)
  }
}

/**
 * The run's events, live. They are kept like all that was read: a page that is come back to goes on after the last one.
 *
 * @param resumedAt when the run last went on: the stream of one that had ended is over, and is opened again
 */
export function useRunEvents(runId: string, resumedAt: string | null): RunEvents {
  const client = useClient()
  const queries = useQueryClient()
  const [connection, setConnection] = useState<Connection>({ connection: 'connecting', problem: null })
  const { data: feed = emptyFeed } = useQuery<EventFeed>({ queryKey: runKeys.events(runId), queryFn: skipToken })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another time is another stream
  useEffect(() => follow({ client, queries, runId, onConnection: setConnection }), [client, queries, runId, resumedAt])
  return { ...feed, ...connection }
}
