/** The log of a run: in pages, or followed as it grows. */
import type { Clock } from '../../base/clock.ts'
import type { Stores } from '../../domain/ports.ts'
import { isFinished, type Run, type RunEvent } from '../../domain/run.ts'

export interface RunEventDeps {
  readonly stores: Pick<Stores, 'events'>
  readonly clock: Clock
  readonly get: (projectId: string, id: string) => Promise<Run>
}

/** Where a reader is in a run's log. */
export interface EventPosition {
  readonly runId: string
  readonly afterSeq: number
}

const POLL_EVERY_MS = 500
const BATCH = 100

export function createRunEventVerbs({ stores, clock, get }: RunEventDeps) {
  return {
    /** @throws AppError run_not_found */
    async listEvents(
      projectId: string,
      { runId, afterSeq }: EventPosition,
      limit: number
    ): Promise<{ readonly data: readonly RunEvent[]; readonly hasMore: boolean }> {
      await get(projectId, runId)
      const events = await stores.events.list(runId, afterSeq, limit + 1)
      return { data: events.slice(0, limit), hasMore: events.length > limit }
    },

    /**
     * Batches from after `afterSeq` on, an empty one for every look that found nothing; ends once the run has ended and
     * all of its log was given, or when the signal is aborted.
     */
    async *follow(
      projectId: string,
      { runId, afterSeq }: EventPosition,
      signal: AbortSignal
    ): AsyncGenerator<readonly RunEvent[]> {
      let last = afterSeq
      while (!signal.aborted) {
        // The run before its events: a run seen as ended has its last event written, in the same transaction.
        const run = await get(projectId, runId)
        const events = await stores.events.list(runId, last, BATCH)
        last = events.at(-1)?.seq ?? last
        yield events
        if (events.length === BATCH) continue
        if (isFinished(run)) return
        await waitUnlessAborted(clock, signal)
      }
    }
  }
}

async function waitUnlessAborted(clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(POLL_EVERY_MS, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
