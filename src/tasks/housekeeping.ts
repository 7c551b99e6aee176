/** What a worker does beside its jobs: removes what was deleted, keeps curves short, and looks for objects that nobody owns. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Collected } from '../services/removals/collection.ts'
import type { RemovalService } from '../services/removals/removals.ts'
import type { MetricUpkeep } from '../services/runs/metric-upkeep.ts'

export interface HousekeepingDeps {
  readonly removals: RemovalService
  readonly metrics: MetricUpkeep
  /** Null: nobody looks. */
  readonly collect: (() => Promise<Collected>) | null
  /** The line of the log for what it found. */
  readonly told: string
  readonly clock: Clock
  readonly logger: Logger
}

/** What was deleted is gone from the store within this, while the store answers. */
const SWEEP_EVERY_MS = 10_000
const COLLECT_EVERY_MS = 24 * 3600_000
/** Workers that are started again and again do not list the whole bucket each time. */
const FIRST_COLLECT_MS = 3600_000

/** Until the signal is aborted, and then at once, whatever the store does; never rejects. */
export async function keepHouse(
  { removals, metrics, collect, told, clock, logger }: HousekeepingDeps,
  signal: AbortSignal
): Promise<void> {
  let collectAt = clock.now() + FIRST_COLLECT_MS
  while (!signal.aborted) {
    await removals
      .sweep(signal)
      .catch((error: unknown) => logger.warn({ err: error }, 'what was deleted could not be looked for'))
    await metrics.sweep(signal).catch((error: unknown) => logger.warn({ err: error }, 'metrics could not be rolled up'))
    if (collect !== null && clock.now() >= collectAt) {
      collectAt = clock.now() + COLLECT_EVERY_MS
      await Promise.race([collect(), rejectedBy(signal)]).then(
        (collected) => {
          if (collected.objects > 0 || collected.uploads) logger.warn(collected, told)
        },
        (error: unknown) => {
          if (!signal.aborted) logger.warn({ err: error }, 'objects that nobody owns could not be looked for')
        }
      )
    }
    await clock.sleep(SWEEP_EVERY_MS, signal).catch(() => {}) // aborted: leaves the loop
  }
}

const rejectedBy = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
