/** Time that stands still until a test moves it. */
import type { Clock } from '../../src/base/clock.ts'

export interface FakeClock extends Clock {
  /** Moves time step by step and lets everything run that was waiting for it. */
  advance(ms: number): Promise<void>
  /** Whether somebody waits for a moment at most so far away. Tests of real I/O move time only then, or hours pass during one query. */
  isAwaited(withinMs?: number): boolean
}

/** Lets promises and finished I/O have their turn. */
export const settle = async (turns = 5): Promise<void> => {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let time = startMs
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => time,
    isAwaited: (withinMs = Number.POSITIVE_INFINITY) => [...sleepers].some(({ at }) => at - time <= withinMs),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = { at: time + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
    async advance(ms) {
      await settle()
      const end = time + ms
      for (;;) {
        const [next] = [...sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        sleepers.delete(next)
        time = Math.max(time, next.at)
        next.wake()
        await settle()
      }
      time = end
      await settle()
    }
  }
}
