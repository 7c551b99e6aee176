/**
 * Joins images of different requests into batches. One batch computes at a time: the engine runs on this very thread, so
 * more would only wait elsewhere. A lane holds what may be computed together (one model, one program); images leave it in
 * fair order, and lanes take turns, so that neither a large request nor a busy model keeps anybody waiting.
 *
 *   submit → lane → taken when the lane has `maxBatch` images or has waited `maxQueueDelayMs` → computed
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Asker } from '../protocol/inference-messages.ts'
import { FairQueue } from './fair-queue.ts'

export interface BatcherOptions<Item, Result> {
  readonly maxBatch: number
  readonly maxQueueDelayMs: number
  readonly clock: Clock
  /** One result per item, in order. A failure fails every request that has an image in the batch. */
  readonly compute: (lane: string, items: readonly Item[]) => Promise<readonly Result[]>
}

export interface Submission<Item> {
  readonly lane: string
  readonly asker: Asker
  readonly items: readonly Item[]
  /** Aborted when the results are of no use any more. */
  readonly signal: AbortSignal
}

export interface Computed<Result> {
  readonly results: readonly Result[]
  /** From submission until the first image's batch began. */
  readonly queueMs: number
  /** Time of the batches that the images were in. */
  readonly inferMs: number
}

type Outcome<Result> = { readonly computed: Computed<Result> } | { readonly error: unknown }

/** A request under way. Its images may be spread over several batches. */
interface Ticket<Result> {
  readonly lane: string
  readonly asker: Asker
  readonly submittedAt: number
  readonly results: Result[]
  /** Images that wait for a batch, and images in the batch that is being computed. */
  waiting: number
  computing: number
  queueMs: number
  inferMs: number
  /** Why there will be no results; told when nothing of it is being computed: until then it holds its model. */
  failure: { readonly error: unknown } | null
  readonly settle: (outcome: Outcome<Result>) => void
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly position: number
  readonly ticket: Ticket<Result>
}

interface Lane<Item, Result> {
  readonly queue: FairQueue<Waiting<Item, Result>>
  /** Clock time at which a batch starts that is not full. */
  readonly dueAt: number
}

export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>
  /** In the order of their turns. */
  readonly #lanes = new Map<string, Lane<Item, Result>>()
  #isRunning = false
  #wake: AbortController | null = null

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  /** @throws the signal's reason where images still wait when it comes, and what `compute` throws */
  submit({ lane, asker, items, signal }: Submission<Item>): Promise<Computed<Result>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const leave = () => this.#fail(ticket, signal.reason)
      const ticket: Ticket<Result> = {
        lane,
        asker,
        submittedAt: this.#options.clock.now(),
        results: new Array(items.length),
        waiting: items.length,
        computing: 0,
        queueMs: -1,
        inferMs: 0,
        failure: null,
        settle: (outcome) => {
          signal.removeEventListener('abort', leave)
          if ('error' in outcome) reject(outcome.error)
          else resolve(outcome.computed)
        }
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#enqueue(ticket, items)
    })
  }

  #enqueue(ticket: Ticket<Result>, items: readonly Item[]): void {
    const { clock, maxQueueDelayMs } = this.#options
    const lane = this.#lanes.get(ticket.lane) ?? { queue: new FairQueue(), dueAt: clock.now() + maxQueueDelayMs }
    this.#lanes.set(ticket.lane, lane)
    lane.queue.add(
      ticket.asker,
      items.map((item, position) => ({ cost: 1, item: { item, position, ticket } }))
    )
    this.#wake?.abort()
    if (!this.#isRunning) void this.#run()
  }

  /** Where nothing waits any more the results come as if nothing had happened. */
  #fail(ticket: Ticket<Result>, error: unknown): void {
    if (ticket.waiting === 0 || ticket.failure) return
    const lane = this.#lanes.get(ticket.lane)
    lane?.queue.remove(ticket.asker, (waiting) => waiting.ticket === ticket)
    if (lane?.queue.size === 0) this.#lanes.delete(ticket.lane)
    ticket.waiting = 0
    ticket.failure = { error }
    if (ticket.computing === 0) ticket.settle(ticket.failure)
  }

  /** Runs while images wait. Cannot fail: everything that can is caught for its tickets. */
  async #run(): Promise<void> {
    this.#isRunning = true
    for (let next = this.#nextLane(); next !== null; next = this.#nextLane()) {
      const { name, queue, dueInMs } = next
      if (dueInMs > 0) {
        await this.#pause(dueInMs)
        continue
      }
      const batch = Array.from({ length: Math.min(queue.size, this.#options.maxBatch) }, () => queue.take()!.item)
      const lane = this.#lanes.get(name)!
      this.#lanes.delete(name)
      if (queue.size > 0) this.#lanes.set(name, lane) // behind the others
      await this.#compute(name, batch)
      // Requests that arrived during the computation are read now, in time for the next batch.
      await nextTurn()
    }
    this.#isRunning = false
  }

  /** The first that may start; else the one that may first. */
  #nextLane(): { name: string; queue: Lane<Item, Result>['queue']; dueInMs: number } | null {
    const { clock, maxBatch } = this.#options
    const now = clock.now()
    const open = [...this.#lanes].map(([name, { queue, dueAt }]) => {
      return { name, queue, dueInMs: queue.size >= maxBatch ? 0 : Math.max(0, dueAt - now) }
    })
    return open.reduce<(typeof open)[number] | null>((best, lane) => {
      return best === null || lane.dueInMs < best.dueInMs ? lane : best
    }, null)
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
    for (const { ticket } of batch) {
      ticket.waiting--
      ticket.computing++
    }
    const tickets = new Set(batch.map(({ ticket }) => ticket))
    try {
      const results = await compute(
        lane,
        batch.map(({ item }) => item)
      )
      batch.forEach(({ position, ticket }, i) => {
        ticket.results[position] = results[i]!
      })
      const inferMs = clock.now() - startedAt
      for (const ticket of tickets) note(ticket, { startedAt, inferMs })
    } catch (error) {
      for (const ticket of tickets) {
        this.#fail(ticket, error)
        ticket.failure ??= { error }
      }
    }
    for (const ticket of tickets) {
      ticket.computing = 0
      settleWhenDone(ticket)
    }
  }
}

function note<Result>(ticket: Ticket<Result>, batch: { startedAt: number; inferMs: number }): void {
  if (ticket.queueMs < 0) ticket.queueMs = batch.startedAt - ticket.submittedAt
  ticket.inferMs += batch.inferMs
}

function settleWhenDone<Result>(ticket: Ticket<Result>): void {
  const { failure, waiting, results, queueMs, inferMs } = ticket
  if (failure) ticket.settle(failure)
  else if (waiting === 0) ticket.settle({ computed: { results, queueMs, inferMs } })
}
