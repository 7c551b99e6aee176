/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * A stream is a pure function of its keys, so crop 3 of image 17 in epoch 5 is the same whoever draws it, in any order,
 * in any process: resume and the number of loader threads cannot change a run.
 */
import { invariant } from '../base/errors.ts'

export interface Prng {
  /** The next 32 random bits. */
  bits(): number
  /** [0, 1), in steps of 2⁻³². */
  uniform(): number
  /** [low, high), or low when they are equal. */
  uniformBetween(low: number, high: number): number
  /** Standard normal (Box–Muller). */
  normal(): number
  /** Unbiased integer in [0, n), 1 ≤ n ≤ 2³². */
  integer(n: number): number
  /** Uniform permutation of 0 … n − 1. */
  permutation(n: number): Uint32Array
}

const TWO_32 = 4294967296
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85
/** Separates the counters that derive keys from the counters that make numbers. */
const KEY_DOMAIN = 0x6b657973
const STREAM_DOMAIN = 0x6b617070

/** High 32 bits of a 32 × 32-bit product, from 16-bit halves: doubles hold only 53 bits. No sum here reaches 2³². */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0
}

/** Ten rounds over `counter` (four words) with a two-word key; writes four words into `out`. */
export function philox(counter: readonly number[], key: readonly number[], out: Uint32Array): void {
  let [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter
  let [k0 = 0, k1 = 0] = key
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0)
    const low0 = Math.imul(M0, c0) >>> 0
    const high1 = multiplyHigh(M1, c2)
    const low1 = Math.imul(M1, c2) >>> 0
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}

/** Chains the keys one after the other, so (1, 2) and (2, 1) and (1) are different streams. */
function deriveKey(seed: number, keys: readonly number[]): [number, number] {
  const out = new Uint32Array(4)
  let key: [number, number] = [seed >>> 0, Math.floor(seed / TWO_32) >>> 0]
  keys.forEach((value, i) => {
    invariant(Number.isSafeInteger(value) && value >= 0, `prng keys are non-negative integers, got ${value}`)
    philox([value >>> 0, Math.floor(value / TWO_32) >>> 0, i, KEY_DOMAIN], key, out)
    key = [out[0]!, out[1]!]
  })
  return key
}

export function prng(seed: number, ...keys: number[]): Prng {
  invariant(Number.isSafeInteger(seed) && seed >= 0, `a seed is a non-negative integer, got ${seed}`)
  const key = deriveKey(seed, keys)
  const block = new Uint32Array(4)
  const counter = [0, 0, 0, STREAM_DOMAIN]
  let used = 4
  let spare = Number.NaN

  function bits(): number {
    if (used === 4) {
      philox(counter, key, block)
      counter[0] = (counter[0]! + 1) >>> 0
      if (counter[0] === 0) counter[1]!++
      used = 0
    }
    return block[used++]!
  }

  const uniform = () => bits() / TWO_32

  function normal(): number {
    if (!Number.isNaN(spare)) {
      const value = spare
      spare = Number.NaN
      return value
    }
    // Half a step away from zero: log(0) never happens.
    const radius = Math.sqrt(-2 * Math.log((bits() + 0.5) / TWO_32))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  function integer(n: number): number {
    invariant(Number.isInteger(n) && n >= 1 && n <= TWO_32, `integer(n) needs 1 ≤ n ≤ 2³², got ${n}`)
    // Draws beyond the last whole multiple of n are thrown away; keeping them would favour small results.
    const limit = TWO_32 - (TWO_32 % n)
    for (;;) {
      const draw = bits()
      if (draw < limit) return draw % n
    }
  }

  function permutation(n: number): Uint32Array {
    const order = new Uint32Array(n)
    for (let i = 0; i < n; i++) order[i] = i
    for (let i = n - 1; i > 0; i--) {
      const j = integer(i + 1)
      const moved = order[i]!
      order[i] = order[j]!
      order[j] = moved
    }
    return order
  }

  return { bits, uniform, uniformBetween: (low, high) => low + (high - low) * uniform(), normal, integer, permutation }
}
