/**
 * Services ask and write in units of work, and know nothing of requests. Within a request they reach one project. Where it changes
 * something, its records are written in their transactions (recorded-work.ts), and all of one that creates is one transaction
 * (held-work.ts). Everywhere else these stores and this unit of work are what they are made of.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Reach, ReachOf, Stores, UnitOfWork } from '../../domain/stores.ts'

export interface RequestWorkDeps extends Reach {
  readonly reachOf: ReachOf
}

/** How one request's units of work are done. */
interface Work {
  /** What its transaction sees, while there is one between units of work. */
  readonly stores: Stores | null
  unitOfWork<T>(begin: UnitOfWork, work: (stores: Stores) => Promise<T>): Promise<T>
}

interface Asking {
  readonly reach: Reach
  readonly work: Work | null
}

export interface RequestWork extends Reach {
  /** Everything that `work` starts reaches this project alone. */
  within<T>(projectId: string, work: () => T): T
  /** Everything that `work` starts is the request's. */
  run<T>(request: Work, work: () => T): T
}

export function createRequestWork({ reachOf, ...everything }: RequestWorkDeps): RequestWork {
  const requests = new AsyncLocalStorage<Asking>()
  const now = (): Asking => requests.getStore() ?? { reach: everything, work: null }
  return {
    // What is read after the work must see it; and on PGlite, whose one session the transaction has, would wait for it.
    stores: routed(everything.stores, () => {
      const { reach, work } = now()
      return work?.stores ?? reach.stores
    }),
    unitOfWork: (work, how) => {
      const { reach, work: request } = now()
      return request === null ? reach.unitOfWork(work, how) : request.unitOfWork(reach.unitOfWork, work)
    },
    within: (projectId, work) => requests.run({ ...now(), reach: reachOf(projectId) }, work),
    run: (request, work) => requests.run({ ...now(), work: request }, work)
  }
}

function routed(stores: Stores, now: () => Stores): Stores {
  const properties = Object.keys(stores).map((name) => {
    const get = () => now()[name as keyof Stores] // the keys of Stores
    return [name, { enumerable: true, get }] as const
  })
  return Object.defineProperties({}, Object.fromEntries(properties)) as Stores // the same names
}
