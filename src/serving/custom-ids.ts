/**
 * Which line of a batch has a `custom_id` first. Ids may have 512 characters, and there may be a million: what is held of one is half of its
 * SHA-256, in a table that is at most half full, 40 MiB for a million lines and 640 KiB for ten thousand.
 */
import { createHash } from 'node:crypto'

/** Of a digest: two of a million ids have the same with a probability of 10⁻²⁷. */
const DIGEST_WORDS = 4
/** And the line. */
const SLOT_WORDS = DIGEST_WORDS + 1

export class CustomIds {
  readonly #slots: number
  readonly #table: Uint32Array

  /** @param lines that may have one */
  constructor(lines: number) {
    this.#slots = 2 ** Math.ceil(Math.log2(Math.max(8, lines * 2)))
    this.#table = new Uint32Array(this.#slots * SLOT_WORDS)
  }

  get bytes(): number {
    return this.#table.byteLength
  }

  /** @param line from 1; of two with the same id the first stays */
  add(id: string, line: number): void {
    const { at, digest } = this.#find(id)
    if (this.#table[at + DIGEST_WORDS] !== 0) return
    this.#table.set(digest, at)
    this.#table[at + DIGEST_WORDS] = line
  }

  /** Null for an id that was not added. */
  firstLine(id: string): number | null {
    const line = this.#table[this.#find(id).at + DIGEST_WORDS]!
    return line === 0 ? null : line
  }

  /** Its slot, or the empty one that it would have. */
  #find(id: string): { readonly at: number; readonly digest: Uint32Array } {
    // As UTF-8, halves of surrogate pairs would all be one character.
    const hash = createHash('sha256').update(Buffer.from(id, 'utf16le')).digest()
    const digest = Uint32Array.from({ length: DIGEST_WORDS }, (_, word) => hash.readUInt32LE(word * 4))
    for (let slot = digest[0]! % this.#slots; ; slot = (slot + 1) % this.#slots) {
      const at = slot * SLOT_WORDS
      const isEmpty = this.#table[at + DIGEST_WORDS] === 0
      if (isEmpty || digest.every((word, i) => this.#table[at + i] === word)) return { at, digest }
    }
  }
}
