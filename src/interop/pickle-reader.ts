/** Bytes of a pickle, taken in order; every length is checked against what is left before anything is made of it. */
import { unreadable } from './tensor-source.ts'

/** Python's integers have no end; no weight file needs more than 64 bits. */
const MOST_INTEGER_BYTES = 16
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class PickleReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #advance(count: number): number {
    const at = this.position
    if (count > this.#bytes.length - at) throw unreadable(`The pickle is cut off at byte ${at}.`)
    this.position = at + count
    return at
  }

  byte = (): number => this.#view.getUint8(this.#advance(1))
  uint16 = (): number => this.#view.getUint16(this.#advance(2), true)
  int32 = (): number => this.#view.getInt32(this.#advance(4), true)
  uint32 = (): number => this.#view.getUint32(this.#advance(4), true)
  float64 = (): number => this.#view.getFloat64(this.#advance(8), false)

  length64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true)
    if (value > BigInt(this.#bytes.length)) throw unreadable(`The pickle is cut off at byte ${this.position}.`)
    return Number(value)
  }

  take(count: number): Uint8Array {
    const at = this.#advance(count)
    return this.#bytes.subarray(at, at + count)
  }

  text(count: number): string {
    const bytes = this.take(count)
    try {
      return UTF8.decode(bytes)
    } catch (error) {
      throw unreadable(`The pickle has no readable text before byte ${this.position}.`, error)
    }
  }

  /** Up to a newline, as protocol 0 wrote it. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.position)
    if (end === -1) throw unreadable(`The pickle is cut off at byte ${this.position}.`)
    const text = this.text(end - this.position)
    this.position = end + 1
    return text
  }

  /** Two's complement, little endian. */
  integer(count: number): number | bigint {
    if (count > MOST_INTEGER_BYTES) throw unreadable(`The pickle has an integer of ${count} bytes.`)
    let value = 0n
    const bytes = this.take(count)
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    const signed = BigInt.asIntN(8 * count, value)
    const number = Number(signed)
    return Number.isSafeInteger(number) ? number : signed
  }
}
