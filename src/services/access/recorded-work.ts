import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { RequestRecord } from './request-record.ts'

/** The work of a request that changes what is there: each of its units of work is a transaction, with what is kept about it. */
export class RecordedWork {
  readonly #records: readonly RequestRecord[]
  /** Nothing is open between units of work. */
  readonly stores = null

  constructor(records: readonly RequestRecord[]) {
    this.#records = records
  }

  unitOfWork<T>(begin: UnitOfWork, work: (stores: Stores) => Promise<T>): Promise<T> {
    return begin(async (tx) => {
      for (const record of this.#records) await record.begin(tx)
      const result = await work(tx)
      for (const record of this.#records) await record.end(tx, null)
      return result
    })
  }
}
