import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { RequestRecord } from './request-record.ts'

/**
 * The work of a request that changes what is there: each of its units of work is a transaction, and what is kept about the request
 * is part of the first that is committed. Verbs of a sweep have one for every run.
 */
export class RecordedWork {
  readonly #records: readonly RequestRecord[]
  /** Nothing is open between units of work. */
  readonly stores = null
  #isKept = false

  constructor(records: readonly RequestRecord[]) {
    this.#records = records
  }

  async unitOfWork<T>(begin: UnitOfWork, work: (stores: Stores) => Promise<T>): Promise<T> {
    if (this.#isKept) return begin(work)
    const result = await begin(async (tx) => {
      for (const record of this.#records) await record.begin(tx)
      const done = await work(tx)
      for (const record of this.#records) await record.end(tx, null)
      return done
    })
    this.#isKept = true
    return result
  }
}
