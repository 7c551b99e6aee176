import type { Clock } from '../../../src/base/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time and lets everything run that was waiting for it. */
  advance(ms: number): Promise<void>
}

export const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

export function manualClock(): ManualClock {
  let time = 0
  const sleepers = new Set<{ at: number; resolve: () => void }>()
  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: time + ms, resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
    advance: async (ms) => {
      await settle()
      time += ms
      for (const sleeper of [...sleepers]) {
        if (sleeper.at > time) continue
        sleepers.delete(sleeper)
        sleeper.resolve()
      }
      await settle()
    }
  }
}
