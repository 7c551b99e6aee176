/** Looks, while something is made, whether somebody still wants it: users cancel and remove things through the API. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { WantedState } from '../services/jobs/attempts.ts'

/** What was cancelled stops within this and what its child needs to die. */
const LOOK_EVERY_MS = 1000

export interface Watch {
  /** Aborted when it is cancelled, gone, or was ended by another worker. */
  readonly signal: AbortSignal
  end(): void
}

interface WatchDeps {
  readonly clock: Clock
  readonly logger: Logger
}

export function watchWanted({ clock, logger }: WatchDeps, read: () => Promise<WantedState>): Watch {
  const unwanted = new AbortController()
  const ended = new AbortController()

  async function look(): Promise<void> {
    try {
      const state = await read()
      if (state !== 'open') unwanted.abort(new Error(`no longer open: ${state}`))
    } catch (error) {
      logger.warn({ err: error }, 'whether it is still wanted could not be read')
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
