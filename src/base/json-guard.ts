/**
 * Judges JSON, the body of a request or a line of a file, by its shape while it comes in, before anything is built of it: 64 MB of `[{},{},…]` are refused at
 * the first 150 KB, where parsing them would stop every other request for 20 s and take 2.8 GB (measured). What a body may
 * be large of is the text of strings: images.
 *
 * Only bytes are counted: whether it is JSON at all is the parser's to say. 64 MB of base64 take 10 ms, the worst of escapes
 * 200, in slices of 64 KB.
 */
import { isAscii } from 'node:buffer'
import { AppError } from './errors.ts'

/** The longest list that a request can hold are 100,000 places of a selection; 10,000 parts of an upload have three values each. */
const MOST_VALUES = 101_000
const MOST_DEPTH = 32
/** Numbers, names of literals, white space. */
const MOST_BYTES_OUTSIDE_STRINGS = 1024 * 1024
const MOST_NAME_BYTES = 1024
/** Decoding takes five times as long where text is not ASCII; images are. Counted in whole chunks. */
const MOST_OTHER_TEXT_BYTES = 1024 * 1024
/** Strings are looked at byte by byte so far, and searched from there. */
const NEAR = 32
/** What is in memory already is judged in chunks as a stream would have. */
const CHUNK_BYTES = 64 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

export class JsonGuard {
  readonly #what: 'body' | 'line'
  #refusal: AppError | null = null
  #values = 0
  #depth = 0
  #outsideBytes = 0
  #otherTextBytes = 0
  #isInString = false
  #isEscaped = false
  /** Of the string that is read, or was read last. */
  #stringBytes = 0

  constructor(what: 'body' | 'line') {
    this.#what = what
  }

  /** Why it is refused; what comes after that is not looked at. */
  get refusal(): AppError | null {
    return this.#refusal
  }

  /** @returns whether it is still good */
  take(chunk: Uint8Array): boolean {
    if (this.#refusal === null) this.#judge(chunk)
    return this.#refusal === null
  }

  /** Of all that there is. */
  takeWhole(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
      if (!this.take(bytes.subarray(at, at + CHUNK_BYTES))) return false
    return true
  }

  #judge(chunk: Uint8Array): void {
    if (!isAscii(chunk)) this.#otherTextBytes += chunk.length
    for (let at = 0; at < chunk.length; ) {
      at = this.#isInString ? this.#skipString(chunk, at) : this.#skipOutside(chunk, at)
    }
    if (this.#values > MOST_VALUES) this.#refuse('has too many values', MOST_VALUES)
    if (this.#outsideBytes > MOST_BYTES_OUTSIDE_STRINGS) {
      this.#refuse('has too many bytes that belong to no string', MOST_BYTES_OUTSIDE_STRINGS)
    }
    if (this.#otherTextBytes > MOST_OTHER_TEXT_BYTES) {
      this.#refuse('has too much text that is not ASCII', MOST_OTHER_TEXT_BYTES)
    }
  }

  /** @returns where it goes on */
  #skipOutside(chunk: Uint8Array, begin: number): number {
    let at = begin
    for (; at < chunk.length; at++) {
      const byte = chunk[at]
      if (byte === QUOTE) break
      if (byte === COMMA) this.#values++
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#open()
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#depth--
      else if (byte === COLON && this.#stringBytes > MOST_NAME_BYTES) {
        this.#refuse('has a field whose name is too long', MOST_NAME_BYTES)
      }
    }
    this.#outsideBytes += at - begin
    if (at === chunk.length) return at
    this.#isInString = true
    this.#stringBytes = 0
    return at + 1
  }

  #open(): void {
    this.#values++
    this.#depth++
    if (this.#depth > MOST_DEPTH) this.#refuse('is nested too deep', MOST_DEPTH)
  }

  /** The first reason is told. */
  #refuse(why: string, limit: number): void {
    this.#refusal ??= new AppError('body_too_large', {
      message: `The ${this.#what} ${why}; the limit is ${limit}.`,
      limit
    })
  }

  /** @returns where it goes on: behind the closing quote, or behind the chunk */
  #skipString(chunk: Uint8Array, begin: number): number {
    const end = this.#endOfString(chunk, begin)
    this.#stringBytes += end - begin
    return end
  }

  #endOfString(chunk: Uint8Array, begin: number): number {
    let at = begin
    /** The next one, or the end of the chunk: looked for once, not once an escape. */
    let quote = -1
    if (this.#isEscaped) {
      this.#isEscaped = false
      at++
    }
    while (at < chunk.length) {
      for (const near = Math.min(chunk.length, at + NEAR); at < near; at++) {
        if (chunk[at] === QUOTE) return this.#closeString(at)
        if (chunk[at] === BACKSLASH) at++
      }
      if (at >= chunk.length) break
      if (quote < at) quote = chunk.indexOf(QUOTE, at)
      if (quote < 0) quote = chunk.length
      const backslash = chunk.subarray(at, quote).indexOf(BACKSLASH)
      if (backslash < 0) return quote < chunk.length ? this.#closeString(quote) : chunk.length
      at += backslash + 2
    }
    // The character that an escape at the very end is about comes with the next chunk.
    this.#isEscaped = at > chunk.length
    return chunk.length
  }

  #closeString(quote: number): number {
    this.#isInString = false
    return quote + 1
  }
}
