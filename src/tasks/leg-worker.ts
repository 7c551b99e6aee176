/**
 * A worker for one leg: it claims it, trains and is done. It takes nothing from the queue, recovers nobody's runs and is in no list of
 * workers, since nobody can count on it for anything else.
 *
 *   start() → cleans up → the leg ──settled, or there is none──→ ended
 *                          └──stop(graceMs): the trainer saves, the leg is handed back──→ ended
 */
import type { Clock } from '../base/clock.ts'
import type { Worker } from './worker.ts'

export interface LegWorkerOptions {
  readonly runId: string
  readonly task: (payload: { readonly runId: string }, signal: AbortSignal) => Promise<void>
  /** Aborted by stop(), seen by the task. */
  readonly draining: AbortController
  readonly cleanUp: () => Promise<void>
  /** Gives back what it holds of the queue. */
  readonly leaveQueue: () => Promise<void>
  readonly clock: Clock
}

export interface LegWorker extends Worker {
  /** Rejects with what a leg cannot settle. */
  readonly ended: Promise<void>
}

/** How long the task has to return once its signal is aborted. */
const ABORTED_GRACE_MS = 10_000

export function createLegWorker(options: LegWorkerOptions): LegWorker {
  const { runId, task, draining, clock } = options
  const giveUp = new AbortController()
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  // Whoever started it waits for it; until then a failure has nobody to tell.
  ended.catch(() => {})
  let isStarted = false

  async function endsWithin(ms: number): Promise<void> {
    const done = new AbortController()
    await Promise.race([ended.catch(() => {}), clock.sleep(ms, done.signal).catch(() => {})])
    done.abort()
  }

  return {
    ended,
    async start() {
      await options.cleanUp()
      isStarted = true
      task({ runId }, giveUp.signal).then(resolve, reject)
    },
    async stop(graceMs) {
      draining.abort(new Error('the worker stops'))
      if (isStarted) await endsWithin(graceMs)
      giveUp.abort(new Error('the worker stops'))
      if (isStarted) await endsWithin(ABORTED_GRACE_MS)
      await options.leaveQueue()
    }
  }
}
