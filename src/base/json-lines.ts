/** Lines of JSONL, of which one at a time is in memory, or none. A line of nothing but white space is none. */
import { createReadStream } from 'node:fs'

export const NEWLINE = 0x0a
export const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE

/** Counts lines of what goes past, in pieces. */
export class LineCounter {
  lines = 0
  /** Bytes of the longest one; that which has not ended counts as far as it is there. */
  longest = 0
  #length = 0
  #saysSomething = false

  /** Byte by byte up to what a line says: slices of empty and of short lines cost 15 s of processor time for 100 MB of them. */
  add(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; ) {
      let to = from
      while (to < chunk.length && chunk[to] !== NEWLINE && !this.#saysSomething) {
        this.#saysSomething = !isBlank(chunk[to]!)
        to += 1
      }
      if (to < chunk.length && chunk[to] !== NEWLINE) {
        const at = chunk.indexOf(NEWLINE, to)
        to = at < 0 ? chunk.length : at
      }
      this.#length += to - from
      this.longest = Math.max(this.longest, this.#length)
      if (to < chunk.length) this.end()
      from = to + 1
    }
  }

  /** Of a line, and of the last one, which may have no line feed. */
  end(): void {
    if (this.#saysSomething) this.lines += 1
    this.#length = 0
    this.#saysSomething = false
  }
}

export interface Line {
  /** Without its line feed. */
  readonly bytes: Uint8Array
  /** Of the byte behind it: where the next one begins. */
  readonly end: number
}

/** Those of a file that begin at a byte or behind it. */
export const readLines = (path: string, from: number): AsyncGenerator<Line> =>
  linesOf(createReadStream(path, { start: from }), from)

/** @param chunks what stands from that byte on */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Line> {
  let parts: Uint8Array[] = []
  let end = from
  /** Null for a blank one. */
  const take = (): Uint8Array | null => {
    const bytes = Buffer.concat(parts)
    parts = []
    return bytes.every(isBlank) ? null : bytes
  }
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, at)
      const to = newline < 0 ? chunk.length : newline
      // Of a gigabyte of line feeds nothing is joined.
      if (to > at) parts.push(chunk.subarray(at, to))
      end += to - at + (newline < 0 ? 0 : 1)
      at = to + 1
      const bytes = newline < 0 || parts.length === 0 ? null : take()
      if (bytes !== null) yield { bytes, end }
    }
  }
  const bytes = take()
  if (bytes !== null) yield { bytes, end }
}
