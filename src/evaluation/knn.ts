/**
 * Weighted k-nearest neighbours as DINO's eval_knn.py: cosine similarity of unit features, votes exp(similarity / T),
 * T = 0.07, k of 10, 20, 100 and 200; top-5 is counted over min(5, k) classes. Two things the original leaves open are said
 * here: of equally many votes the first class wins, and a class without any vote is never among the five.
 */
import type { Evaluation } from '../base/evaluation.ts'
import { nearestNeighbors, predictByVotes, voteByNeighbors } from '../math/knn.ts'
import { judgedOf, type LabelledSets } from './evaluation.ts'
import { bootstrapMeans, bootstrapOver } from './intervals.ts'

export interface KnnSettings {
  /** Those beyond the bank's size are cut to it. */
  readonly k: readonly number[]
  readonly temperature: number
  readonly seed: number
}

export const KNN_SETTINGS: KnnSettings = { k: [10, 20, 100, 200], temperature: 0.07, seed: 0 }

const TOP = 5

/** One search at the largest k serves all. Metrics: top1_kK and top5_kK, 0 … 1. */
export function evaluateKnn(sets: LabelledSets, { k: wanted, temperature, seed }: KnnSettings): Evaluation {
  const { bank, dim, classes } = sets
  const judged = judgedOf(sets)
  const voters = bank.labels.length - (sets.queries === null ? 1 : 0)
  // Votes of neighbours that are not there would be ranked all the same.
  const ks = [...new Set(wanted.map((k) => Math.min(k, voters)))]
  const neighbors = nearestNeighbors({
    bank: bank.features,
    queries: judged.features,
    dim,
    k: Math.max(...ks),
    leaveOneOut: sets.queries === null
  })
  const scores: Record<string, Float64Array> = {}
  for (const k of ks) {
    const votes = voteByNeighbors(neighbors, { labels: bank.labels, classes, temperature, k })
    const predicted = predictByVotes(votes, classes)
    scores[`top1_k${k}`] = Float64Array.from(predicted, (label, m) => (label === judged.labels[m] ? 1 : 0))
    scores[`top5_k${k}`] = hitsAmong(Math.min(TOP, k), { votes, classes, labels: judged.labels })
  }
  return {
    protocol: 'knn',
    settings: { k: ks, temperature, leaveOneOut: sets.queries === null, ...bootstrapOver('queries'), seed },
    bank: bank.labels.length,
    queries: judged.labels.length,
    classes,
    metrics: bootstrapMeans(scores, seed)
  }
}

interface Voted {
  /** [M, classes] */
  readonly votes: Float64Array
  readonly classes: number
  readonly labels: Int32Array
}

/** 1 where fewer than `top` classes come before the right one. */
function hitsAmong(top: number, { votes, classes, labels }: Voted): Float64Array {
  return Float64Array.from(labels, (label, m) => {
    const own = votes[m * classes + label]!
    if (own === 0) return 0
    let before = 0
    for (let c = 0; c < classes; c++) {
      const other = votes[m * classes + c]!
      if (other > own || (other === own && c < label)) before++
    }
    return before < top ? 1 : 0
  })
}
