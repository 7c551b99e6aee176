/**
 * Mean average precision: every query ranks the whole bank by cosine, and images of its label are what it looks for. Average
 * precision is the area under the steps of the precision-recall curve, Σ (R_n − R_n−1) P_n over distinct similarities, as
 * scikit-learn's average_precision_score. Without queries every image is one, against all others.
 */
import type { Evaluation } from '../base/evaluation.ts'
import { dotsWithRows } from '../math/knn.ts'
import { normalizeRows } from '../math/vectors.ts'
import { judgedOf, type LabelledSets } from './evaluation.ts'
import { bootstrapMeans, bootstrapOver } from './intervals.ts'

export interface RetrievalSettings {
  readonly seed: number
}

export const RETRIEVAL_SETTINGS: RetrievalSettings = { seed: 0 }

/**
 * Metric: map, 0 … 1. Queries whose label no other image of the bank has are left out and counted in `withoutMatch`. Exact:
 * O(queries · bank · (dim + log bank)).
 */
export function evaluateRetrieval(sets: LabelledSets, { seed }: RetrievalSettings): Evaluation {
  const { bank, dim } = sets
  const judged = judgedOf(sets)
  const leaveOneOut = sets.queries === null
  const unitBank = Float64Array.from(normalizeRows(bank.features, dim))
  const unitQueries = leaveOneOut ? unitBank : Float64Array.from(normalizeRows(judged.features, dim))
  const scores = new Float64Array(bank.labels.length)
  const precisions: number[] = []
  for (let q = 0; q < judged.labels.length; q++) {
    dotsWithRows(unitBank, unitQueries.subarray(q * dim, (q + 1) * dim), { from: 0, to: scores.length, out: scores })
    // Behind everything, and not looked for.
    if (leaveOneOut) scores[q] = Number.NEGATIVE_INFINITY
    const relevant = scores.filter(
      (score, n) => bank.labels[n] === judged.labels[q] && score !== Number.NEGATIVE_INFINITY
    )
    if (relevant.length > 0) precisions.push(averagePrecision(relevant.sort(), scores.slice().sort()))
  }
  return {
    protocol: 'retrieval',
    settings: {
      leaveOneOut,
      withoutMatch: judged.labels.length - precisions.length,
      ...bootstrapOver('queries'),
      seed
    },
    bank: bank.labels.length,
    queries: judged.labels.length,
    classes: sets.classes,
    metrics: bootstrapMeans({ map: precisions }, seed)
  }
}

/** @param relevant ascending; each is in `all`, ascending too */
export function averagePrecision(relevant: Float64Array, all: Float64Array): number {
  let sum = 0
  let at = 0
  for (let r = 0; r < relevant.length; ) {
    const score = relevant[r]!
    while (all[at]! < score) at++
    let end = r + 1
    while (end < relevant.length && relevant[end] === score) end++
    // Of equal similarities none comes first: all of them share the precision of the last.
    sum += ((end - r) * (relevant.length - r)) / (all.length - at)
    r = end
  }
  return sum / relevant.length
}
