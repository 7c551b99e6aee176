/** Who works, where, and with what: said by every worker of itself, and asked when work that failed is to go to another node. */
import type { Machine } from '../../base/devices.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { nodeOf, type WorkerRecord, type WorkerState } from '../../domain/worker.ts'

/** Six times the pace at which a worker says that it is there. */
export const LIVE_MS = 60_000
/** Kept a day, for people who look for one that is gone. */
const REMEMBERED_MS = 86_400_000

export interface Announcement {
  readonly name: string
  readonly machine: Machine
  readonly state: WorkerState
  readonly reason: string | null
  readonly startedAt: Date
}

export interface WorkerService {
  announce(worker: Announcement): Promise<void>
  /** Of a worker that has ended. */
  leave(name: string): Promise<void>
  /** Seen within the last day, those that live and those that do not. */
  list(): Promise<readonly (WorkerRecord & { readonly isLive: boolean })[]>
}

const before = (now: Date, ms: number): Date => new Date(now.getTime() - ms)

export const createWorkerService = ({ unitOfWork }: { readonly unitOfWork: UnitOfWork }): WorkerService => ({
  announce: (worker) =>
    unitOfWork(async (tx) => {
      const now = await tx.now()
      await tx.workers.put({ ...worker, node: nodeOf(worker.name), seenAt: now })
      await tx.workers.removeUnseen(before(now, REMEMBERED_MS))
    }),

  leave: (name) => unitOfWork((tx) => tx.workers.remove(name)),

  list: () =>
    unitOfWork(async (tx) => {
      const now = await tx.now()
      const known = await tx.workers.listSeen(before(now, REMEMBERED_MS))
      return known.map((worker) => ({ ...worker, isLive: worker.seenAt > before(now, LIVE_MS) }))
    })
})

/** Those that take work, seen a moment ago. */
export async function listLive(tx: Pick<Stores, 'workers' | 'now'>): Promise<readonly WorkerRecord[]> {
  const live = await tx.workers.listSeen(before(await tx.now(), LIVE_MS))
  return live.filter(({ state }) => state === 'working')
}

/** Nodes besides `node` that have a worker which takes work, of those that `suits`. */
export async function otherNodes(
  tx: Pick<Stores, 'workers' | 'now'>,
  node: string,
  suits: (worker: WorkerRecord) => boolean = () => true
): Promise<readonly string[]> {
  const others = (await listLive(tx)).filter((worker) => worker.node !== node && suits(worker))
  return [...new Set(others.map((worker) => worker.node))]
}
