/**
 * Retrieval of buildings as on revisited Oxford and Paris (Radenović et al. 2018), by the code of facebookresearch/dino
 * (eval_image_retrieval.py, utils.compute_map): every query ranks the gallery by cosine. Medium looks for easy and hard
 * images, hard for hard ones alone; what is junk for it is taken out of the ranking. Average precision is the area under the
 * precision-recall curve by trapezoids.
 */
import type { Estimate, Evaluation } from '../base/evaluation.ts'
import type { Truth } from '../base/ground-truth.ts'
import { dotsWithRows } from '../math/knn.ts'
import { normalizeRows } from '../math/vectors.ts'
import { trapezoidPrecision } from './copy-detection.ts'
import { bootstrapMeans, bootstrapOver } from './intervals.ts'

export interface Landmarks {
  readonly dim: number
  /** [N, dim], of any length. */
  readonly gallery: Float32Array
  /** [M, dim], of any length. */
  readonly queries: Float32Array
  /** [M] */
  readonly truth: readonly Truth[]
}

interface Difficulty {
  readonly name: 'medium' | 'hard'
  readonly wanted: (truth: Truth) => readonly number[]
  readonly junk: (truth: Truth) => readonly number[]
}

const DIFFICULTIES: readonly Difficulty[] = [
  { name: 'medium', wanted: ({ easy, hard }) => [...easy, ...hard], junk: ({ junk }) => junk },
  { name: 'hard', wanted: ({ hard }) => hard, junk: ({ junk, easy }) => [...junk, ...easy] }
]

/** Precisions are told among so many. */
const AMONG = [1, 5, 10] as const

/**
 * Metrics: `map_medium`, `mp1_medium`, `mp5_medium`, `mp10_medium` and the same of `hard`, 0 … 1. Queries that have nothing to
 * find at a difficulty are left out of it and counted in `withoutMedium` and `withoutHard`.
 */
export function evaluateRevisited(
  { dim, gallery, queries, truth }: Landmarks,
  { seed }: { readonly seed: number }
): Evaluation<'revisited'> {
  const unitGallery = Float64Array.from(normalizeRows(gallery, dim))
  const unitQueries = Float64Array.from(normalizeRows(queries, dim))
  const images = gallery.length / dim
  const scores = new Float64Array(images)
  const rankings = truth.map((_, q) => {
    dotsWithRows(unitGallery, unitQueries.subarray(q * dim, (q + 1) * dim), { from: 0, to: images, out: scores })
    return ranksOf(scores)
  })
  const metrics: Record<string, Estimate> = {}
  const without: number[] = []
  for (const { name, wanted, junk } of DIFFICULTIES) {
    const found = truth.flatMap((one, q) => judge(rankings[q]!, wanted(one), junk(one)) ?? [])
    without.push(truth.length - found.length)
    if (found.length === 0) continue
    const scoresOf: Record<string, number[]> = { [`map_${name}`]: found.map(({ precision }) => precision) }
    for (const [i, k] of AMONG.entries()) scoresOf[`mp${k}_${name}`] = found.map(({ among }) => among[i]!)
    Object.assign(metrics, bootstrapMeans(scoresOf, seed))
  }
  const [withoutMedium, withoutHard] = without as [number, number]
  return {
    protocol: 'revisited',
    settings: { averagePrecision: 'trapezoids', withoutMedium, withoutHard, ...bootstrapOver('queries'), seed },
    bank: images,
    queries: truth.length,
    classes: null,
    metrics
  }
}

/** The place of each image in the ranking, from 0. Of equal similarities the earlier image comes first. */
function ranksOf(scores: Float64Array): Int32Array {
  const order = Int32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b)
  const ranks = new Int32Array(scores.length)
  for (const [rank, image] of order.entries()) ranks[image] = rank
  return ranks
}

interface Judged {
  /** Average precision. */
  readonly precision: number
  /** Precision among the first of AMONG, or among as many as it takes to find everything, if these are fewer. */
  readonly among: readonly number[]
}

/** Null where there is nothing to find. */
function judge(ranks: Int32Array, wanted: readonly number[], junk: readonly number[]): Judged | null {
  if (wanted.length === 0) return null
  const ignored = junk.map((image) => ranks[image]!).sort((a, b) => a - b)
  const places = wanted.map((image) => ranks[image]!).sort((a, b) => a - b)
  let before = 0
  const found = places.map((place) => {
    while (before < ignored.length && ignored[before]! < place) before++
    return place - before
  })
  const last = found.at(-1)! + 1
  const among = AMONG.map((k) => {
    const first = Math.min(last, k)
    return found.filter((place) => place < first).length / first
  })
  return { precision: trapezoidPrecision(found, wanted.length), among }
}
