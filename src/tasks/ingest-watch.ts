/** Looks, while a version is made, whether somebody still wants it: users cancel, and remove datasets, through the API. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { IngestService } from '../services/datasets/ingests.ts'

/** A cancelled ingest stops within this and what its child needs to die. */
const LOOK_EVERY_MS = 1000

export interface IngestWatch {
  /** Aborted when the version is cancelled, gone, or was ended by another worker. */
  readonly signal: AbortSignal
  end(): void
}

interface WatchDeps {
  readonly ingests: Pick<IngestService, 'state'>
  readonly clock: Clock
  readonly logger: Logger
}

export function watchVersion({ ingests, clock, logger }: WatchDeps, datasetId: string, version: number): IngestWatch {
  const unwanted = new AbortController()
  const ended = new AbortController()

  async function look(): Promise<void> {
    try {
      const state = await ingests.state(datasetId, version)
      if (state !== 'open') unwanted.abort(new Error(`the version is no longer open: ${state}`))
    } catch (error) {
      logger.warn({ err: error }, 'whether the version is still wanted could not be read')
    }
  }

  const loop = async (): Promise<void> => {
    while (!ended.signal.aborted && !unwanted.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, ended.signal).catch(() => {}) // ended: leaves the loop
      if (!ended.signal.aborted) await look()
    }
  }
  void loop()
  return { signal: unwanted.signal, end: () => ended.abort() }
}
