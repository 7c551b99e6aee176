/** Curves of runs: rolled up while they grow, thinned some time after their run has ended. Two workers at once do no harm. */
import type { Clock } from '../../base/clock.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'

export interface MetricUpkeepDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'metrics' | 'now'>
  readonly clock: Clock
  /** After the end of a run every point is kept for so long; null: for ever. */
  readonly keptDays: number | null
}

export interface MetricUpkeep {
  /** Does what is due; an abort ends it between two pieces. @throws what the database throws */
  sweep(signal: AbortSignal): Promise<void>
}

/** What is not rolled up yet is read as points: of 20 metrics, 20,000. */
const LEAST_STEPS = 1024
/** Runs that have ended are many, and looked at one by one. */
const ENDED_EVERY_MS = 3600_000
const DAY_MS = 24 * 3600_000

export function createMetricUpkeep({ unitOfWork, stores, clock, keptDays }: MetricUpkeepDeps): MetricUpkeep {
  let endedAt = Number.NEGATIVE_INFINITY

  async function rollUp(isEnded: boolean, signal: AbortSignal): Promise<void> {
    for (const id of await stores.metrics.listUnrolled({ leastSteps: LEAST_STEPS, isEnded })) {
      while (!signal.aborted && (await unitOfWork((tx) => tx.metrics.rollUp(id)))) {}
    }
  }

  async function thin(days: number, signal: AbortSignal): Promise<void> {
    const endedBefore = new Date((await stores.now()).getTime() - days * DAY_MS)
    for (const id of await stores.metrics.listUnthinned(endedBefore)) {
      while (!signal.aborted && (await unitOfWork((tx) => tx.metrics.thin(id, endedBefore)))) {}
    }
  }

  return {
    async sweep(signal) {
      await rollUp(false, signal)
      if (clock.now() - endedAt < ENDED_EVERY_MS) return
      endedAt = clock.now()
      await rollUp(true, signal)
      if (keptDays !== null) await thin(keptDays, signal)
    }
  }
}
