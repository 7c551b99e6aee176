/** Work for models, one piece at a time; models take turns, so that a hundred sizes of one do not keep the others waiting. */
import { FairQueue } from './fair-queue.ts'

export type InTurn = <T>(folder: string, work: () => Promise<T>) => Promise<T>

export function createModelTurns(): InTurn {
  const waiting = new FairQueue<() => Promise<unknown>>()
  let isWorking = false
  async function workOff(): Promise<void> {
    isWorking = true
    for (let next = waiting.take(); next !== null; next = waiting.take()) await next.item()
    isWorking = false
  }
  return <T>(folder: string, work: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    waiting.add({ key: folder, request: 0 }, [{ item: () => work().then(resolve, reject), cost: 1 }])
    if (!isWorking) void workOff()
    return promise
  }
}
