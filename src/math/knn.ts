/**
 * Weighted k-nearest neighbours of DINO's eval_knn.py: cosine similarity, vote exp(sim / T), T = 0.07.
 * Exact search over everything, tiled so that 1,000 × 9,000 × 96 takes well under a second on one core.
 */
import { invariant } from '../base/errors.ts'
import { normalizeRows, rowCount } from './vectors.ts'

export interface NeighborQuery {
  /** [N, dim] */
  readonly bank: Float32Array
  /** [M, dim] */
  readonly queries: Float32Array
  readonly dim: number
  /** Cut to N when the bank is smaller. */
  readonly k: number
  /** Query q is row q of the bank, and must not find itself: k is cut to N − 1. */
  readonly leaveOneOut?: boolean
}

/** Row-major [M, k], best first; equal similarities keep the bank's order. */
export interface Neighbors {
  readonly k: number
  readonly indices: Int32Array
  readonly similarities: Float64Array
}

/** Bank rows per tile: 256 rows of 384 doubles stay in a 1 MB second-level cache. */
const TILE_ROWS = 256

function insert(neighbors: Neighbors, slot: number, candidate: { index: number; similarity: number }): void {
  const { k, indices, similarities } = neighbors
  const first = slot * k
  let at = first + k - 1
  while (at > first && candidate.similarity > similarities[at - 1]!) {
    similarities[at] = similarities[at - 1]!
    indices[at] = indices[at - 1]!
    at--
  }
  similarities[at] = candidate.similarity
  indices[at] = candidate.index
}

/** Products of one query with the bank's rows from … to; four rows at a time keep four sums in registers. */
export function dotsWithRows(
  bank: Float64Array,
  query: Float64Array,
  rows: { from: number; to: number; out: Float64Array }
): void {
  const dim = query.length
  let row = rows.from
  for (; row + 4 <= rows.to; row += 4) {
    const a = row * dim
    const b = a + dim
    const c = b + dim
    const d = c + dim
    let sa = 0
    let sb = 0
    let sc = 0
    let sd = 0
    for (let i = 0; i < dim; i++) {
      const q = query[i]!
      sa += q * bank[a + i]!
      sb += q * bank[b + i]!
      sc += q * bank[c + i]!
      sd += q * bank[d + i]!
    }
    const out = row - rows.from
    rows.out[out] = sa
    rows.out[out + 1] = sb
    rows.out[out + 2] = sc
    rows.out[out + 3] = sd
  }
  for (; row < rows.to; row++) {
    let sum = 0
    for (let i = 0; i < dim; i++) sum += query[i]! * bank[row * dim + i]!
    rows.out[row - rows.from] = sum
  }
}

/** Cosine neighbours of every query among the bank's rows; rows need not be of unit length. */
export function nearestNeighbors({ bank, queries, dim, k, leaveOneOut = false }: NeighborQuery): Neighbors {
  const bankRows = rowCount(bank, dim)
  const queryRows = rowCount(queries, dim)
  const kept = Math.min(k, leaveOneOut ? bankRows - 1 : bankRows)
  invariant(kept >= 1, `k = ${k} neighbours among ${bankRows} rows`)
  const unitBank = Float64Array.from(normalizeRows(bank, dim))
  const unitQueries = Float64Array.from(normalizeRows(queries, dim))
  const neighbors: Neighbors = {
    k: kept,
    indices: new Int32Array(queryRows * kept).fill(-1),
    similarities: new Float64Array(queryRows * kept).fill(Number.NEGATIVE_INFINITY)
  }
  const scores = new Float64Array(TILE_ROWS)
  for (let from = 0; from < bankRows; from += TILE_ROWS) {
    const to = Math.min(bankRows, from + TILE_ROWS)
    for (let q = 0; q < queryRows; q++) {
      dotsWithRows(unitBank, unitQueries.subarray(q * dim, (q + 1) * dim), { from, to, out: scores })
      const last = (q + 1) * kept - 1
      if (leaveOneOut && q >= from && q < to) scores[q - from] = Number.NEGATIVE_INFINITY
      for (let i = 0; i < to - from; i++) {
        if (scores[i]! > neighbors.similarities[last]!)
          insert(neighbors, q, { index: from + i, similarity: scores[i]! })
      }
    }
  }
  return neighbors
}

export interface Vote {
  /** One of the bank's rows each, in 0 … classes − 1. */
  readonly labels: ArrayLike<number>
  readonly classes: number
  /** T of exp(sim / T). */
  readonly temperature: number
  /** The nearest that vote; all that were found by default. */
  readonly k?: number
}

/** Vote mass [M, classes]; row m belongs to query m. */
export function voteByNeighbors(neighbors: Neighbors, { labels, classes, temperature, k }: Vote): Float64Array {
  const { k: found, indices, similarities } = neighbors
  const voting = Math.min(k ?? found, found)
  const votes = new Float64Array((indices.length / found) * classes)
  for (let m = 0; m * found < indices.length; m++) {
    for (let i = m * found; i < m * found + voting; i++) {
      const label = labels[indices[i]!]!
      votes[m * classes + label]! += Math.exp(similarities[i]! / temperature)
    }
  }
  return votes
}

/** Class with the most votes per query; of equal ones the first. */
export function predictByVotes(votes: Float64Array, classes: number): Int32Array {
  const predictions = new Int32Array(votes.length / classes)
  for (let m = 0; m < predictions.length; m++) {
    let best = 0
    for (let c = 1; c < classes; c++) if (votes[m * classes + c]! > votes[m * classes + best]!) best = c
    predictions[m] = best
  }
  return predictions
}

export interface KnnProbe extends NeighborQuery {
  readonly bankLabels: ArrayLike<number>
  readonly queryLabels: ArrayLike<number>
  readonly classes: number
  readonly temperature?: number
}

/** Share of queries whose weighted vote is right, 0 … 1. */
export function knnAccuracy(probe: KnnProbe): number {
  const { bankLabels: labels, queryLabels, classes, temperature = 0.07 } = probe
  const predictions = predictByVotes(
    voteByNeighbors(nearestNeighbors(probe), { labels, classes, temperature }),
    classes
  )
  let right = 0
  for (let m = 0; m < predictions.length; m++) if (predictions[m] === queryLabels[m]) right++
  return right / predictions.length
}
