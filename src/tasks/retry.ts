/** Storage and database come back: what fails for their absence is tried again, with growing waits, until told to stop. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { isOutage } from '../base/outages.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Ends the waiting; the last error is thrown then. */
  readonly signal: AbortSignal
  readonly firstWaitMs?: number
}

const LONGEST_WAIT_MS = 15_000

/** @throws what `work` throws if it is no outage, or when the signal is aborted meanwhile */
export async function retryOutages<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, logger, signal, firstWaitMs = 500 } = options
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
    try {
      return await work()
    } catch (error) {
      if (!isOutage(error) || signal.aborted) throw error
      logger.warn({ err: error, waitMs }, 'an outage; trying again')
      await clock.sleep(waitMs, signal).catch(() => {}) // an abort ends the wait: one last try follows
    }
  }
}
