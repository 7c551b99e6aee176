/**
 * Services write in units of work and know nothing of requests. Within a request that changes something, its records are written
 * in their transactions (recorded-work.ts), and all of one that creates is one transaction (held-work.ts). Everywhere else these
 * stores and this unit of work are what they are made of.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'

export interface RequestWorkDeps {
  readonly stores: Stores
  readonly unitOfWork: UnitOfWork
}

/** How one request's units of work are done. */
interface Work {
  /** What its transaction sees, while there is one between units of work. */
  readonly stores: Stores | null
  unitOfWork<T>(begin: UnitOfWork, work: (stores: Stores) => Promise<T>): Promise<T>
}

export interface RequestWork extends RequestWorkDeps {
  /** Everything that `work` starts is the request's. */
  run<T>(request: Work, work: () => T): T
}

export function createRequestWork({ stores, unitOfWork }: RequestWorkDeps): RequestWork {
  const requests = new AsyncLocalStorage<Work>()
  return {
    // What is read after the work must see it; and on PGlite, whose one session the transaction has, would wait for it.
    stores: routed(stores, () => requests.getStore()?.stores ?? stores),
    unitOfWork: (work) => requests.getStore()?.unitOfWork(unitOfWork, work) ?? unitOfWork(work),
    run: (request, work) => requests.run(request, work)
  }
}

function routed(stores: Stores, now: () => Stores): Stores {
  const properties = Object.keys(stores).map((name) => {
    const get = () => now()[name as keyof Stores] // the keys of Stores
    return [name, { enumerable: true, get }] as const
  })
  return Object.defineProperties({}, Object.fromEntries(properties)) as Stores // the same names
}
