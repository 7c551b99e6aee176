/**
 * Joins images of different requests into batches. One batch computes at a time: the engine runs on this very thread, so
 * more would only wait elsewhere. A lane holds what may be computed together (one model, one program).
 *
 *   submit → lane → taken when the lane has `maxBatch` images or its oldest has waited `maxQueueDelayMs` → computed
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'

export interface BatcherOptions<Item, Result> {
  readonly maxBatch: number
  readonly maxQueueDelayMs: number
  readonly clock: Clock
  /** One result per item, in order. A failure fails every request that has an image in the batch. */
  readonly compute: (lane: string, items: readonly Item[]) => Promise<readonly Result[]>
}

export interface Submission<Item> {
  readonly lane: string
  readonly items: readonly Item[]
  /** Clock time after which computing it is of no use. */
  readonly deadline: number
}

export interface Computed<Result> {
  readonly results: readonly Result[]
  /** From submission until the first image's batch began. */
  readonly queueMs: number
  /** Time of the batches that the images were in. */
  readonly inferMs: number
}

/** A request under way. Its images may be spread over several batches. */
interface Ticket<Result> {
  readonly submittedAt: number
  readonly deadline: number
  readonly results: Result[]
  open: number
  queueMs: number
  inferMs: number
  /** Set once; the images that still wait are then skipped. */
  isSettled: boolean
  readonly resolve: (computed: Computed<Result>) => void
  readonly reject: (error: unknown) => void
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly position: number
  readonly ticket: Ticket<Result>
}

interface Lane<Item, Result> {
  readonly lane: string
  readonly waiting: Waiting<Item, Result>[]
  /** Of the oldest image. */
  readonly submittedAt: number
  /** 0 when it may start. */
  readonly dueInMs: number
}

export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>
  readonly #lanes = new Map<string, Waiting<Item, Result>[]>()
  #isRunning = false
  #wake: AbortController | null = null

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  /** @throws AppError request_timeout, and what `compute` throws */
  submit({ lane, items, deadline }: Submission<Item>): Promise<Computed<Result>> {
    return new Promise((resolve, reject) => {
      const ticket: Ticket<Result> = {
        submittedAt: this.#options.clock.now(),
        deadline,
        results: new Array(items.length),
        open: items.length,
        queueMs: -1,
        inferMs: 0,
        isSettled: false,
        resolve,
        reject
      }
      const waiting = this.#lanes.get(lane) ?? []
      this.#lanes.set(lane, waiting)
      items.forEach((item, position) => {
        waiting.push({ item, position, ticket })
      })
      this.#wake?.abort()
      if (!this.#isRunning) void this.#run()
    })
  }

  /** Runs while images wait. Cannot fail: everything that can is caught for its tickets. */
  async #run(): Promise<void> {
    this.#isRunning = true
    for (let next = this.#nextLane(); next !== null; next = this.#nextLane()) {
      const { lane, waiting, dueInMs } = next
      if (dueInMs > 0) {
        await this.#pause(dueInMs)
        continue
      }
      const batch = waiting.splice(0, this.#options.maxBatch)
      if (waiting.length === 0) this.#lanes.delete(lane)
      await this.#compute(lane, batch)
      // Requests that arrived during the computation are read now, in time for the next batch.
      await nextTurn()
    }
    this.#isRunning = false
  }

  /** Of the lanes that may start the one with the oldest image, so that a busy lane starves no other; else the first due. */
  #nextLane(): Lane<Item, Result> | null {
    const { clock, maxBatch, maxQueueDelayMs } = this.#options
    const now = clock.now()
    const open = [...this.#lanes].map(([lane, waiting]): Lane<Item, Result> => {
      const { submittedAt } = waiting[0]!.ticket
      const dueInMs = waiting.length >= maxBatch ? 0 : Math.max(0, submittedAt + maxQueueDelayMs - now)
      return { lane, waiting, submittedAt, dueInMs }
    })
    open.sort((a, b) => Number(a.dueInMs > 0) - Number(b.dueInMs > 0) || a.submittedAt - b.submittedAt)
    return open[0] ?? null
  }

  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController()
    const { signal } = this.#wake
    try {
      await this.#options.clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#wake = null
    }
  }

  async #compute(lane: string, batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const { clock, compute } = this.#options
    const startedAt = clock.now()
    const timely = batch.filter(({ ticket }) => isTimely(ticket, startedAt))
    if (timely.length === 0) return
    const tickets = new Set(timely.map(({ ticket }) => ticket))
    const items = timely.map(({ item }) => item)
    try {
      const results = await compute(lane, items)
      timely.forEach(({ position, ticket }, i) => {
        ticket.results[position] = results[i]!
        ticket.open--
      })
      const inferMs = clock.now() - startedAt
      for (const ticket of tickets) settleWhenComplete(ticket, { startedAt, inferMs })
    } catch (error) {
      for (const ticket of tickets) fail(ticket, error)
    }
  }
}

function isTimely<Result>(ticket: Ticket<Result>, now: number): boolean {
  if (!ticket.isSettled && now > ticket.deadline) fail(ticket, new AppError('request_timeout'))
  return !ticket.isSettled
}

function settleWhenComplete<Result>(ticket: Ticket<Result>, batch: { startedAt: number; inferMs: number }): void {
  if (ticket.queueMs < 0) ticket.queueMs = batch.startedAt - ticket.submittedAt
  ticket.inferMs += batch.inferMs
  if (ticket.open > 0 || ticket.isSettled) return
  ticket.isSettled = true
  ticket.resolve({ results: ticket.results, queueMs: ticket.queueMs, inferMs: ticket.inferMs })
}

function fail<Result>(ticket: Ticket<Result>, error: unknown): void {
  if (ticket.isSettled) return
  ticket.isSettled = true
  ticket.reject(error)
}
