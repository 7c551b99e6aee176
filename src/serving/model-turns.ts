/**
 * Work for models, one piece at a time. Projects take turns, and a project's models: a hundred sizes of one keep nobody waiting for more than the
 * piece that is under way.
 */
import { FairQueue } from './fair-queue.ts'

/** Whose turn it is. */
export interface ModelTurn {
  /** Left out, of nobody in particular. */
  readonly projectId?: string | undefined
  readonly folder: string
}

export type InTurn = <T>(turn: ModelTurn, work: () => Promise<T>) => Promise<T>

export function createModelTurns(): InTurn {
  const waiting = new FairQueue<() => Promise<unknown>>()
  /** The queue numbers what takes turns within a project. */
  const places = new Map<string, number>()
  let isWorking = false
  async function workOff(): Promise<void> {
    isWorking = true
    for (let next = waiting.take(); next !== null; next = waiting.take()) await next.item()
    isWorking = false
    places.clear()
  }
  return <T>({ projectId = '', folder }: ModelTurn, work: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const request = places.get(folder) ?? places.size
    places.set(folder, request)
    waiting.add({ key: projectId, request }, [{ item: () => work().then(resolve, reject), cost: 1 }])
    if (!isWorking) void workOff()
    return promise
  }
}
