/**
 * Values that are costly to open, shared by everybody who uses them at the same time, and kept while there is room.
 *
 *   absent ──acquire()──→ opening ──→ in use ──last release()──→ idle ──in its turn when there is too much──→ closing ──→ absent
 *                            │ fails: every waiter hears why, the next acquire() tries again
 *                            └ every waiter gave up: its signal fires, and what it opens all the same is closed
 *
 * Whose turn it is to leave: next-to-leave.ts. One key is never opened twice at once: an opening waits until the value before it
 * is closed. What is closing is never handed out. A value that fails to close is reported and forgotten; it costs nobody a request.
 */
import { invariant } from '../base/errors.ts'
import { type Kept, nextToLeave } from './next-to-leave.ts'

export interface SharedCacheOptions<Key, Value> {
  /** Keys with one id mean one value. */
  readonly idOf: (key: Key) => string
  /** The signal fires when nobody waits any more. */
  readonly open: (key: Key, signal: AbortSignal) => Promise<Value>
  readonly close: (value: Value) => Promise<void>
  /** What keeping it costs, in the unit of `maxCost`. Asked once. */
  readonly costOf: (value: Value) => number
  /** Who is to have a part of the room, and whether it is the first that this one does without. Left out, all is one owner's. */
  readonly placeOf?: (key: Key) => Pick<Kept, 'owner' | 'isExtra'>
  /** Idle values are closed until no more than this is open; values in use may cost more. */
  readonly maxCost: number
  readonly onCloseError: (error: unknown) => void
}

export interface Lease<Value> {
  readonly value: Value
  /** Counts once, however often it is called. Resolves when what had to be closed for it is closed; never rejects. */
  release(): Promise<void>
}

interface Entry<Value> extends Kept {
  readonly id: string
  readonly opened: Promise<Value>
  readonly abandoned: AbortController
  users: number
  /** Null until it is open. */
  cost: number | null
}

export class SharedCache<Key, Value> {
  readonly #options: SharedCacheOptions<Key, Value>
  /** Those nobody uses in the order in which they were released: a Map keeps the order of insertion. */
  readonly #entries = new Map<string, Entry<Value>>()
  /** What is closing, or was given up while it opened. None of these rejects. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #empty = Promise.withResolvers<void>()
  #isDisposed = false

  constructor(options: SharedCacheOptions<Key, Value>) {
    this.#options = options
  }

  /** @throws what opening throws; the signal's reason */
  async acquire(key: Key, signal?: AbortSignal): Promise<Lease<Value>> {
    invariant(!this.#isDisposed, 'the cache is disposed')
    signal?.throwIfAborted()
    const id = this.#options.idOf(key)
    const entry = this.#entries.get(id) ?? this.#begin(id, key)
    this.#entries.set(id, entry)
    entry.users++
    try {
      const value = await unlessAborted(entry.opened, signal)
      return { value, release: once(() => this.#leave(entry)) }
    } catch (error) {
      await this.#leave(entry)
      throw error
    }
  }

  /** The value stays open until `work` has settled. */
  async use<T>(key: Key, work: (value: Value) => Promise<T>): Promise<T> {
    const { value, release } = await this.acquire(key)
    try {
      return await work(value)
    } finally {
      await release()
    }
  }

  /** Closes what is idle now and the rest as soon as it is released; resolves when nothing is open. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    this.#makeRoom()
    this.#noteWhetherEmpty()
    await this.#empty.promise
  }

  #begin(id: string, key: Key): Entry<Value> {
    const abandoned = new AbortController()
    const open = async (): Promise<Value> => {
      await this.#leaving.get(id)
      abandoned.signal.throwIfAborted()
      const value = await this.#options.open(key, abandoned.signal)
      // Given up: it is closed by whoever gave it up, and waits for nobody who may wait for that.
      if (abandoned.signal.aborted) return value
      entry.cost = this.#options.costOf(value)
      this.#makeRoom()
      await Promise.all(this.#leaving.values())
      return value
    }
    const place = this.#options.placeOf?.(key) ?? { owner: '', isExtra: false }
    const entry: Entry<Value> = { ...place, id, opened: open(), abandoned, users: 0, cost: null }
    entry.opened.catch(() => this.#forget(entry))
    return entry
  }

  async #leave(entry: Entry<Value>): Promise<void> {
    entry.users--
    if (entry.users > 0 || this.#entries.get(entry.id) !== entry) return
    if (entry.cost === null) {
      entry.abandoned.abort()
      return this.#retire(entry)
    }
    this.#entries.delete(entry.id)
    this.#entries.set(entry.id, entry)
    await Promise.all(this.#makeRoom())
  }

  /** Never one that is in use. */
  #makeRoom(): Promise<void>[] {
    const retired: Promise<void>[] = []
    for (;;) {
      const entries = [...this.#entries.values()]
      const sum = entries.reduce((total, { cost }) => total + (cost ?? 0), 0)
      const next = sum > this.#options.maxCost || this.#isDisposed ? nextToLeave(entries) : null
      if (next === null) return retired
      retired.push(this.#retire(next))
    }
  }

  /** Out of reach at once; the promise is kept until it is closed. */
  #retire(entry: Entry<Value>): Promise<void> {
    const { id, opened } = entry
    this.#entries.delete(id)
    const left = this.#close(opened).finally(() => {
      if (this.#leaving.get(id) === left) this.#leaving.delete(id)
      this.#noteWhetherEmpty()
    })
    this.#leaving.set(id, left)
    return left
  }

  async #close(opened: Promise<Value>): Promise<void> {
    // Nobody waits for an opening that was given up: that it fails is what was asked of it.
    const value = await opened.then((open) => ({ open })).catch(() => null)
    if (value === null) return
    try {
      await this.#options.close(value.open)
    } catch (error) {
      this.#options.onCloseError(error)
    }
  }

  #forget(entry: Entry<Value>): void {
    if (this.#entries.get(entry.id) === entry) this.#entries.delete(entry.id)
    this.#noteWhetherEmpty()
  }

  #noteWhetherEmpty(): void {
    if (this.#isDisposed && this.#entries.size === 0 && this.#leaving.size === 0) this.#empty.resolve()
  }
}

function once(release: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | null = null
  return () => {
    released ??= release()
    return released
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
