/**
 * Work of many, in an order that nobody can change in their favour by sending more, or in smaller pieces: next is the key
 * that was given least, and of its requests the one that was given least (start-time fair queueing: Goyal et al., 1996).
 * Whoever comes starts where the work begins that was taken last: waiting earns no credit. What a key was given beyond that
 * is remembered while others wait, so that leaving and coming back wipes nothing out.
 */
import type { Asker } from '../protocol/inference-messages.ts'

export interface Weighed<Item> {
  readonly item: Item
  /** In any unit, the same for the whole queue. */
  readonly cost: number
}

interface Line<Item> {
  given: number
  waiting: Weighed<Item>[]
}

interface Client<Item> {
  given: number
  /** What the line that was taken from last had been given before. */
  level: number
  /** Of requests; none for a key that waits for nothing and was given more than its part. */
  readonly lines: Map<number, Line<Item>>
}

export class FairQueue<Item> {
  readonly #clients = new Map<string, Client<Item>>()
  /** What the client that was taken from last had been given before. */
  #level = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Behind what waits of the same request. */
  add({ key, request }: Asker, work: readonly Weighed<Item>[]): void {
    if (work.length === 0) return
    const client = this.#clients.get(key) ?? { given: this.#level, level: 0, lines: new Map() }
    this.#clients.set(key, client)
    client.given = Math.max(client.given, this.#level)
    const line = client.lines.get(request) ?? { given: client.level, waiting: [] }
    client.lines.set(request, line)
    line.waiting.push(...work)
    this.#size += work.length
  }

  /** What `take` would give. */
  first(): Weighed<Item> | null {
    return this.#next()?.line.waiting[0] ?? null
  }

  take(): Weighed<Item> | null {
    const next = this.#next()
    const taken = next?.line.waiting.shift()
    if (!next || !taken) return null
    const { client, line } = next
    this.#level = client.given
    client.level = line.given
    client.given += taken.cost
    line.given += taken.cost
    this.#size--
    this.#forget(next.asker)
    return taken
  }

  /** Of one request, what `isUnwanted` says. @returns how many were removed */
  remove({ key, request }: Asker, isUnwanted: (item: Item) => boolean): number {
    const line = this.#clients.get(key)?.lines.get(request)
    if (!line) return 0
    const before = line.waiting.length
    line.waiting = line.waiting.filter(({ item }) => !isUnwanted(item))
    const removed = before - line.waiting.length
    this.#size -= removed
    this.#forget({ key, request })
    return removed
  }

  #next(): { asker: Asker; client: Client<Item>; line: Line<Item> } | null {
    const [key, client] = least(this.#clients, ({ lines }) => lines.size > 0) ?? []
    if (key === undefined || client === undefined) return null
    const [request, line] = least(client.lines) ?? []
    if (request === undefined || line === undefined) return null
    return { asker: { key, request }, client, line }
  }

  #forget({ key, request }: Asker): void {
    const lines = this.#clients.get(key)?.lines
    if (lines?.get(request)?.waiting.length === 0) lines.delete(request)
    for (const [one, { given, lines: left }] of this.#clients) {
      if (left.size === 0 && (given <= this.#level || this.#size === 0)) this.#clients.delete(one)
    }
    if (this.#size === 0) this.#level = 0
  }
}

/** The first in order of arrival where several were given the same. */
function least<Key, Of extends { given: number }>(
  all: ReadonlyMap<Key, Of>,
  isMeant: (one: Of) => boolean = () => true
): [Key, Of] | null {
  let found: [Key, Of] | null = null
  for (const entry of all) {
    if (isMeant(entry[1]) && (found === null || entry[1].given < found[1].given)) found = entry
  }
  return found
}
