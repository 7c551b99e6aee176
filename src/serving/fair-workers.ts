/**
 * Runs work of many requests, a few pieces at a time, in fair order. What waits can be dropped; what runs cannot: it keeps
 * its place until it ends. Work that is far over its time gives its cost back but not its place, and when every place is
 * lost in that way nothing will ever run again: that is the one thing to say upwards.
 */
import type { Clock } from '../base/clock.ts'
import type { Asker } from '../protocol/inference-messages.ts'
import { FairQueue } from './fair-queue.ts'

export interface Work<Result> {
  /** At least 1. */
  readonly cost: number
  run(): Promise<Result>
}

export interface FairWorkers {
  /**
   * @returns results in order
   * @throws the signal's reason, at once; else the failure of the first work that failed: what waited behind it is dropped
   */
  all<Result>(asker: Asker, work: readonly Work<Result>[], signal: AbortSignal): Promise<Result[]>
}

export interface FairWorkersOptions {
  /** Pieces of work at a time. */
  readonly places: number
  /** Their cost together; larger work runs alone. */
  readonly maxCost: number
  readonly stuckAfterMs: number
  readonly clock: Clock
  readonly onStuck: () => void
}

interface Turn {
  /** Whose work it is. */
  readonly batch: object
  /** Never rejects. */
  run(): Promise<void>
}

export function createFairWorkers(options: FairWorkersOptions): FairWorkers {
  const { places, maxCost, stuckAfterMs, clock, onStuck } = options
  const queue = new FairQueue<Turn>()
  let running = 0
  let lost = 0
  let cost = 0

  function start(): void {
    for (let next = queue.first(); next !== null; next = queue.first()) {
      if (running >= places || (cost > 0 && cost + next.cost > maxCost)) return
      queue.take()
      void work(next.item, next.cost)
    }
  }

  async function work(turn: Turn, own: number): Promise<void> {
    running++
    cost += own
    const ended = new AbortController()
    const isLost = watch(own, ended.signal)
    await turn.run()
    ended.abort()
    running--
    if (await isLost) lost--
    else cost -= own
    start()
  }

  async function watch(own: number, ended: AbortSignal): Promise<boolean> {
    try {
      await clock.sleep(stuckAfterMs, ended)
    } catch {
      return false // ended in time
    }
    lost++
    cost -= own
    if (lost === places) onStuck()
    start()
    return true
  }

  return {
    all: <Result>(asker: Asker, work: readonly Work<Result>[], signal: AbortSignal) =>
      new Promise<Result[]>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const batch = {}
        const results = new Array<Result>(work.length)
        let open = work.length
        let failure: { readonly index: number; readonly error: unknown } | null = null

        const drop = () => queue.remove(asker, (turn) => turn.batch === batch)
        const leave = () => {
          drop()
          reject(signal.reason)
          start()
        }
        const settle = () => {
          if (open > 0) return
          signal.removeEventListener('abort', leave)
          if (failure) reject(failure.error)
          else resolve(results)
        }
        const turns = work.map(({ cost, run }, index) => ({
          cost,
          item: {
            batch,
            run: async () => {
              try {
                results[index] = await run()
              } catch (error) {
                if (failure === null || index < failure.index) failure = { index, error }
                open -= drop()
              }
              open--
              settle()
            }
          }
        }))
        signal.addEventListener('abort', leave, { once: true })
        queue.add(asker, turns)
        start()
        settle()
      })
  }
}
