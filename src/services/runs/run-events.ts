/** The log of a run in pages. Followed as it grows: run-feed.ts. */

import type { Run, RunEvent } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import type { EventPosition } from './run-log-pages.ts'

export interface RunEventDeps {
  readonly stores: Pick<Stores, 'events'>
  readonly get: (projectId: string, id: string) => Promise<Run>
}

export function createRunEventVerbs({ stores, get }: RunEventDeps) {
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
    }
  }
}
