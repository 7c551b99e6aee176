/**
 * Services write in units of work and know nothing of requests. Within a request that creates, these stores and this unit of
 * work are those of its one transaction (held-work.ts); everywhere else they are what they are made of.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { HeldWork } from './held-work.ts'

export interface RequestWorkDeps {
  readonly stores: Stores
  readonly unitOfWork: UnitOfWork
}

export interface RequestWork extends RequestWorkDeps {
  /** Everything that `work` starts is the request's. */
  run<T>(held: HeldWork, work: () => T): T
}

export function createRequestWork({ stores, unitOfWork }: RequestWorkDeps): RequestWork {
  const requests = new AsyncLocalStorage<HeldWork>()
  return {
    // What is read after the work must see it; and on PGlite, whose one session the transaction has, would wait for it.
    stores: routed(stores, () => requests.getStore()?.stores ?? stores),
    unitOfWork: (work) => requests.getStore()?.unitOfWork(unitOfWork, work) ?? unitOfWork(work),
    run: (held, work) => requests.run(held, work)
  }
}

function routed(stores: Stores, now: () => Stores): Stores {
  const properties = Object.keys(stores).map((name) => {
    const get = () => now()[name as keyof Stores] // the keys of Stores
    return [name, { enumerable: true, get }] as const
  })
  return Object.defineProperties({}, Object.fromEntries(properties)) as Stores // the same names
}
