/**
 * What is left of an image's nearest images when vectors are stored in fewer bits, or as their first dimensions: recall@10 against float32,
 * by cosine, binary by the number of equal bits. `uint8` is `int8` and 128, so it has no number of its own.
 */
import { OUTPUT_DTYPES, packVector } from '../base/output-dtype.ts'
import { nearestNeighbors } from '../math/knn.ts'
import { firstDimensions, normalizeRows, rowCount } from '../math/vectors.ts'

const K = 10
/** That look, and are looked among, evenly spaced: the intervals of more are hardly narrower, and cost is their product. */
const LOOKING = 200
const AMONG = 10_000
const SHARES = { half: 1 / 2, quarter: 1 / 4 } as const

export interface KeptNeighbors {
  readonly settings: { readonly recallQueries: number; readonly recallAmong: number }
  /** By `recall10_TYPE` and `recall10_SHARE` for each image that looks, 0 … 1. */
  readonly shares: Readonly<Record<string, number[]>>
}

/** Exact: O(200 · 10,000 · dim) for each way to store them. */
export function keptNeighbors(features: Float32Array, dim: number): KeptNeighbors {
  const among = spaced(normalizeRows(features, dim), dim, AMONG)
  const images = rowCount(among, dim)
  const looking = Math.min(LOOKING, images)
  // The first rows look; the rest of the bank lies behind them in its order.
  const ordered = lookingFirst(among, dim, looking)
  const find = (rows: Float32Array, width: number) =>
    nearestOf(rows, { dim: width, looking, k: Math.min(K, images - 1) })
  const truth = find(ordered, dim)
  const shares: Record<string, number[]> = {}
  for (const dtype of OUTPUT_DTYPES) {
    if (dtype === 'float32' || dtype === 'uint8') continue
    shares[`recall10_${dtype}`] = overlap(truth, find(packed(ordered, dim, dtype), dim))
  }
  for (const [name, share] of Object.entries(SHARES)) {
    const kept = Math.max(1, Math.round(share * dim))
    shares[`recall10_${name}`] = overlap(truth, find(firstDimensions(ordered, dim, kept), kept))
  }
  return { settings: { recallQueries: looking, recallAmong: images - 1 }, shares }
}

/** @returns the rows themselves where they are no more than `most` */
function spaced(rows: Float32Array, dim: number, most: number): Float32Array {
  const count = rowCount(rows, dim)
  if (count <= most) return rows
  const taken = new Float32Array(most * dim)
  for (let i = 0; i < most; i++) {
    const from = Math.floor((i * count) / most) * dim
    taken.set(rows.subarray(from, from + dim), i * dim)
  }
  return taken
}

function lookingFirst(rows: Float32Array, dim: number, looking: number): Float32Array {
  const count = rowCount(rows, dim)
  const first = new Set(Array.from({ length: looking }, (_, i) => Math.floor((i * count) / looking)))
  const order = [...first, ...Array.from({ length: count }, (_, i) => i).filter((i) => !first.has(i))]
  const ordered = new Float32Array(rows.length)
  order.forEach((row, at) => void ordered.set(rows.subarray(row * dim, (row + 1) * dim), at * dim))
  return ordered
}

function packed(rows: Float32Array, dim: number, dtype: 'float16' | 'int8' | 'binary'): Float32Array {
  const changed = new Float32Array(rows.length)
  for (let from = 0; from < rows.length; from += dim) {
    const { numbers } = packVector(rows.subarray(from, from + dim), dtype)
    // Bits as ±1: their product counts those that are equal.
    if (dtype === 'binary')
      for (let i = 0; i < dim; i++) changed[from + i] = (numbers[i >> 3]! >> (7 - (i & 7))) & 1 ? 1 : -1
    else changed.set(numbers, from)
  }
  return changed
}

interface Search {
  readonly dim: number
  readonly looking: number
  readonly k: number
}

/** Of each of the first rows the nearest others. */
function nearestOf(rows: Float32Array, { dim, looking, k }: Search): Set<number>[] {
  const queries = rows.subarray(0, looking * dim)
  const { indices, k: found } = nearestNeighbors({ bank: rows, queries, dim, k, leaveOneOut: true })
  return Array.from({ length: looking }, (_, q) => new Set(indices.subarray(q * found, (q + 1) * found)))
}

const overlap = (truth: readonly Set<number>[], found: readonly Set<number>[]): number[] =>
  truth.map((own, q) => [...own].filter((one) => found[q]!.has(one)).length / own.size)
