/**
 * The work of a request that creates, as one transaction with what is kept about the request: it is committed once the answer is
 * known and with it, before it is sent. A crash before leaves neither, a crash after leaves both.
 *
 * Between the end of the work and the answer only the answer is written, so the transaction is open a millisecond longer than
 * the work takes. All of the request's units of work are one; when one fails after another has succeeded, there is no success
 * that could be told.
 */
import { AppError } from '../../base/errors.ts'
import { repeating } from '../../base/repeating.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { RequestRecord, StoredResponse } from './request-record.ts'

interface Transaction {
  readonly stores: Stores
  readonly answer: PromiseWithResolvers<StoredResponse>
  readonly ended: Promise<void>
}

export class HeldWork {
  readonly #records: readonly RequestRecord[]
  readonly #running = new Set<Promise<void>>()
  #opening: Promise<Transaction> | null = null
  #transaction: Transaction | null = null
  #succeeded = 0
  #state: 'open' | 'broken' | 'answered' | 'refused' = 'open'

  constructor(records: readonly RequestRecord[]) {
    this.#records = records
  }

  /** What the transaction sees; null while there is none. */
  get stores(): Stores | null {
    return this.#transaction?.stores ?? null
  }

  unitOfWork<T>(begin: UnitOfWork, work: (stores: Stores) => Promise<T>): Promise<T> {
    // What goes on behind an answer is no part of it.
    if (this.#state === 'answered') return begin(work)
    const ended = Promise.withResolvers<void>()
    this.#running.add(ended.promise)
    // Only what is alone in the transaction: what another unit has done is undone as well, and nobody would do it again.
    const mayRepeat = () => this.#state === 'open' && this.#succeeded === 0 && this.#running.size === 1
    return repeating(() => this.#take(begin, work), { mayRepeat }).finally(() => {
      this.#running.delete(ended.promise)
      ended.resolve()
    })
  }

  /**
   * Commits with the answer, or undoes everything where the answer is a failure (null).
   *
   * @throws AppError database_unavailable and others of a commit that fails: then nothing was done
   */
  async settle(answer: StoredResponse | null): Promise<void> {
    const isBroken = this.#state === 'broken'
    this.#state = answer === null ? 'refused' : 'answered'
    if (answer === null || isBroken) {
      // A request that is out of time does not wait for its work, which must end before its transaction does.
      const isStill = this.#running.size === 0
      const undone = Promise.all(this.#running).then(() => this.#undo())
      if (isStill) await undone
      if (answer !== null) throw new Error('a unit of work failed after another had succeeded, and the request did not')
      return
    }
    await Promise.all(this.#running)
    const transaction = this.#transaction
    this.#transaction = null
    transaction?.answer.resolve(answer)
    await transaction?.ended
  }

  async #take<T>(begin: UnitOfWork, work: (stores: Stores) => Promise<T>): Promise<T> {
    if (this.#state !== 'open') throw new AppError('request_timeout')
    this.#opening ??= this.#open(begin)
    const { stores } = await this.#opening
    try {
      const result = await work(stores)
      this.#succeeded += 1
      return result
    } catch (error) {
      if (this.#succeeded > 0) this.#state = this.#state === 'open' ? 'broken' : this.#state
      else await this.#undo()
      throw error
    }
  }

  async #open(begin: UnitOfWork): Promise<Transaction> {
    const opened = Promise.withResolvers<Stores>()
    const answer = Promise.withResolvers<StoredResponse>()
    const ended = begin(
      async (stores) => {
        for (const record of this.#records) await record.begin(stores)
        opened.resolve(stores)
        const given = await answer.promise
        for (const record of this.#records) await record.end(stores, given)
        // The work is not in here: again, its records would be committed without it.
      },
      { once: true }
    )
    ended.catch(opened.reject)
    try {
      const stores = await opened.promise
      this.#transaction = { stores, answer, ended }
      return this.#transaction
    } catch (error) {
      this.#opening = null
      throw error
    }
  }

  async #undo(): Promise<void> {
    const transaction = this.#transaction
    this.#transaction = null
    this.#opening = null
    transaction?.answer.reject(new Error('undone'))
    await transaction?.ended.catch(() => {})
  }
}
