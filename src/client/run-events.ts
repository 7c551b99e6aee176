/** The events of one run: its log from any point on, then live, until the run has ended. */
import { answerOf, type KappaClient } from './client.ts'
import { followEvents, type StreamState } from './event-stream.ts'
import { noStreamProblem, type Problem } from './problem.ts'
import type { RunEvent } from './resources.ts'

export interface FollowRunOptions {
  readonly runId: string
  /** `seq` of the last event that was seen; 0 for all. */
  readonly after: number
  readonly onEvent: (event: RunEvent) => void
  readonly onState?: (state: StreamState, problem: Problem | null) => void
  /** Asked when the server closes the stream: true means that nothing more will come. */
  readonly isOver: () => Promise<boolean>
  readonly signal: AbortSignal
}

/** @returns what the API refused it with, or null when it is over or was aborted */
export function followRunEvents(client: KappaClient, options: FollowRunOptions): Promise<Problem | null> {
  const { runId, after, onEvent, ...others } = options

  async function open(lastEventId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { data, headers } = await answerOf(
      client.GET('/v1/runs/{id}/events', {
        params: { path: { id: runId } },
        headers: { accept: 'text/event-stream', 'last-event-id': lastEventId }, // null is left out
        parseAs: 'stream',
        signal
      })
    )
    const type = headers.get('content-type') ?? ''
    if (!data || !type.startsWith('text/event-stream')) throw noStreamProblem(type)
    return data
  }

  return followEvents({
    open,
    lastEventId: after === 0 ? null : String(after),
    onMessage: ({ data }) => onEvent(JSON.parse(data) as RunEvent), // openapi.yaml: the data of each is a RunEvent
    ...others
  })
}
