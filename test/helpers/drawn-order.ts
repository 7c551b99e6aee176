/** Promises that settle when a draw says so: every order of events that can happen has its chance, and a seed repeats it. */
import type { Prng } from '../../src/math/prng.ts'
import { settle } from './fake-clock.ts'

export interface DrawnOrder {
  /** Settles with what `outcome` returns or throws, when its turn comes. */
  wait<T>(outcome: () => T): Promise<T>
  /** Settles one of those that wait, if any, and lets what follows from it happen. */
  step(): Promise<void>
  /** Until nothing waits any more. */
  drain(): Promise<void>
}

export function drawnOrder(random: Prng): DrawnOrder {
  const waiting: (() => void)[] = []
  async function step(): Promise<void> {
    const [next] = waiting.length > 0 ? waiting.splice(random.integer(waiting.length), 1) : []
    next?.()
    await settle(1)
  }
  return {
    wait: (outcome) =>
      new Promise((resolve, reject) => {
        waiting.push(() => {
          try {
            resolve(outcome())
          } catch (error) {
            reject(error)
          }
        })
      }),
    step,
    async drain() {
      await settle(1)
      while (waiting.length > 0) await step()
    }
  }
}
