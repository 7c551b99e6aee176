/**
 * Joins images of different requests into batches. As many batches compute at the same time as there are sessions: more would only
 * wait elsewhere. A lane holds what may be computed together (one model, one program); images leave it in fair order, and lanes
 * take turns, so that neither a large request nor a busy model keeps anybody waiting. What waits is shared out over the sessions
 * that are free.
 *
 *   submit → lane → taken when the lane has `maxBatch` images or has waited `maxQueueDelayMs` → computed
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Asker } from '../protocol/inference-messages.ts'
import { FairQueue } from './fair-queue.ts'

export interface BatcherOptions<Item, Result> {
  readonly maxQueueDelayMs: number
  /** Batches that compute at the same time. */
  readonly sessions: number
  readonly clock: Clock
  /** One result per item, in order. A failure fails every request that has an image in the batch. `isLone`: nothing else computes or waits. */
  readonly compute: (lane: string, items: readonly Item[], isLone: boolean) => Promise<readonly Result[]>
}

export interface Submission<Item> {
  readonly lane: string
  /** Of the lane: its first submission's holds. */
  readonly maxBatch: number
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
  /** Images that wait for a batch, and images in batches that are being computed. */
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
  readonly maxBatch: number
  /** Clock time at which a batch starts that is not full. */
  readonly dueAt: number
}

export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>
  /** In the order of their turns. */
  readonly #lanes = new Map<string, Lane<Item, Result>>()
  #computing = 0
  #wake: AbortController | null = null

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  /** @throws the signal's reason where images still wait when it comes, and what `compute` throws */
  submit({ lane, maxBatch, asker, items, signal }: Submission<Item>): Promise<Computed<Result>> {
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
      this.#enqueue(ticket, items, maxBatch)
    })
  }

  #enqueue(ticket: Ticket<Result>, items: readonly Item[], maxBatch: number): void {
    const { clock, maxQueueDelayMs } = this.#options
    const dueAt = clock.now() + maxQueueDelayMs
    const lane = this.#lanes.get(ticket.lane) ?? { queue: new FairQueue(), maxBatch, dueAt }
    this.#lanes.set(ticket.lane, lane)
    lane.queue.add(
      ticket.asker,
      items.map((item, position) => ({ cost: 1, item: { item, position, ticket } }))
    )
    this.#wake?.abort()
    this.#start()
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

  /** Cannot fail: everything that can is caught for its tickets. */
  #start(): void {
    while (this.#computing < this.#options.sessions) {
      const next = this.#nextLane()
      if (next === null) return
      if (next.dueInMs > 0) return void this.#startIn(next.dueInMs)
      void this.#computeNext(next.name)
    }
  }

  async #computeNext(name: string): Promise<void> {
    const lane = this.#lanes.get(name)!
    const { queue, maxBatch } = lane
    const part = Math.ceil(queue.size / (this.#options.sessions - this.#computing))
    const batch = Array.from({ length: Math.min(part, maxBatch) }, () => queue.take()!.item)
    this.#lanes.delete(name)
    // Behind the others; what is another session's part does not wait again.
    const dueAt = batch.length < maxBatch ? this.#options.clock.now() : lane.dueAt
    if (queue.size > 0) this.#lanes.set(name, { ...lane, dueAt })
    const isLone = batch.length === 1 && this.#lanes.size === 0 && this.#computing === 0
    this.#computing++
    await this.#compute(name, batch, isLone)
    // Requests that arrived during the computation are read now, in time for the next batch.
    await nextTurn()
    this.#computing--
    this.#start()
  }

  /** The first that may start; else the one that may first. */
  #nextLane(): { name: string; queue: Lane<Item, Result>['queue']; dueInMs: number } | null {
    const now = this.#options.clock.now()
    const open = [...this.#lanes].map(([name, { queue, maxBatch, dueAt }]) => {
      return { name, queue, dueInMs: queue.size >= maxBatch ? 0 : Math.max(0, dueAt - now) }
    })
    return open.reduce<(typeof open)[number] | null>((best, lane) => {
      return best === null || lane.dueInMs < best.dueInMs ? lane : best
    }, null)
  }

  async #startIn(ms: number): Promise<void> {
    const wake = new AbortController()
    this.#wake?.abort()
    this.#wake = wake
    try {
      await this.#options.clock.sleep(ms, wake.signal)
    } catch (error) {
      if (!wake.signal.aborted) throw error
      return
    }
    this.#wake = null
    this.#start()
  }

  async #compute(lane: string, batch: readonly Waiting<Item, Result>[], isLone: boolean): Promise<void> {
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
        batch.map(({ item }) => item),
        isLone
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
    for (const { ticket } of batch) ticket.computing--
    for (const ticket of tickets) settleWhenDone(ticket)
  }
}

function note<Result>(ticket: Ticket<Result>, batch: { startedAt: number; inferMs: number }): void {
  if (ticket.queueMs < 0) ticket.queueMs = batch.startedAt - ticket.submittedAt
  ticket.inferMs += batch.inferMs
}

/** Not before the last of its batches: several compute at the same time, and end in any order. */
function settleWhenDone<Result>(ticket: Ticket<Result>): void {
  const { failure, waiting, computing, results, queueMs, inferMs } = ticket
  if (computing > 0) return
  if (failure) ticket.settle(failure)
  else if (waiting === 0) ticket.settle({ computed: { results, queueMs, inferMs } })
}
