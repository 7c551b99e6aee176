/** What a model's prototypes are like: how concentrated, how often used, which ones say the same. */
import { duplicatePrototypes } from '../math/collapse.ts'
import { nearestNeighbors } from '../math/knn.ts'
import { quantiles } from '../math/vectors.ts'
import type { PrototypeFile, PrototypeRecord } from '../protocol/model-folder.ts'
import { indexOfLargest, type Mixture, posteriorOf } from './assigner.ts'

/** Cosine distance under which two prototypes count as one (arXiv 2510.20108). */
const DUPLICATE_DISTANCE = 0.025
const NEAREST = 3
/** All pairs of more prototypes than this would take longer than the training images do; then only used ones are compared. */
const MAX_COMPARED = 16_384
/** Resolution of the density percentile: 0.1 %. */
const DENSITY_POINTS = 1001

/** Running counts over training images. */
export interface UsageCounts {
  /** @param cosines [images, K] */
  add(cosines: Float32Array): void
  readonly images: number
  /** [K] argmax counts of the posterior, uncentered. */
  readonly usage: Uint32Array
  /** [K] sums of posteriors. */
  readonly probabilitySums: Float64Array
  readonly logDensities: readonly number[]
}

export function countUsage(mixture: Mixture): UsageCounts {
  const prototypes = mixture.kappa.length
  const usage = new Uint32Array(prototypes)
  const probabilitySums = new Float64Array(prototypes)
  const logDensities: number[] = []
  return {
    usage,
    probabilitySums,
    logDensities,
    get images() {
      return logDensities.length
    },
    add(cosines) {
      for (let from = 0; from < cosines.length; from += prototypes) {
        const { probabilities, logDensity } = posteriorOf(cosines.subarray(from, from + prototypes), mixture)
        usage[indexOfLargest(probabilities)]!++
        for (let k = 0; k < prototypes; k++) probabilitySums[k]! += probabilities[k]!
        logDensities.push(logDensity)
      }
    }
  }
}

/** @param directions [K, p] prototypes, of any length */
export function reportPrototypes(mixture: Mixture, directions: Float32Array, counts: UsageCounts): PrototypeFile {
  const prototypes = mixture.kappa.length
  const { images } = counts
  const similar = compare(directions, directions.length / prototypes, comparedRows(prototypes, counts))
  const records = Array.from({ length: prototypes }, (_, index): PrototypeRecord => {
    const { nearest, duplicatesOf } = similar.get(index) ?? { nearest: [], duplicatesOf: null }
    return {
      index,
      kappa: mixture.kappa[index]!,
      expectedCosine: mixture.expectedCosine[index]!,
      logNormalizer: mixture.uniformLogDensity + mixture.deltaLogNormalizer[index]!,
      usage: images > 0 ? counts.usage[index]! : null,
      meanProbability: images > 0 ? counts.probabilitySums[index]! / images : null,
      nearest,
      duplicatesOf
    }
  })
  const shares = Array.from({ length: DENSITY_POINTS }, (_, i) => i / (DENSITY_POINTS - 1))
  return {
    format: 'kappa-prototypes/1',
    temperature: mixture.temperature,
    images,
    used: images > 0 ? records.filter(({ usage }) => usage! > 0).length : null,
    compared: similar.size,
    unique: [...similar.values()].filter(({ duplicatesOf }) => duplicatesOf === null).length,
    logDensityQuantiles: images > 0 ? quantiles(counts.logDensities, shares) : [],
    prototypes: records
  }
}

function comparedRows(prototypes: number, { usage }: UsageCounts): number[] {
  const all = Array.from({ length: prototypes }, (_, k) => k)
  return prototypes <= MAX_COMPARED ? all : all.filter((k) => usage[k]! > 0)
}

type Similarity = Pick<PrototypeRecord, 'nearest' | 'duplicatesOf'>

/** Nearest and repeated prototypes among `rows`, by prototype. */
function compare(directions: Float32Array, dim: number, rows: readonly number[]): Map<number, Similarity> {
  if (rows.length === 0) return new Map()
  const chosen = new Float32Array(rows.length * dim)
  rows.forEach((row, i) => {
    chosen.set(directions.subarray(row * dim, (row + 1) * dim), i * dim)
  })
  const representative = duplicatePrototypes(chosen, dim, DUPLICATE_DISTANCE)
  // One more than is shown: the nearest of all is the prototype itself.
  const { k, indices, similarities } = nearestNeighbors({ bank: chosen, queries: chosen, dim, k: NEAREST + 1 })
  return new Map(
    rows.map((row, i) => {
      const nearest = Array.from({ length: k }, (_, n) => i * k + n)
        .filter((at) => indices[at] !== i)
        .slice(0, NEAREST)
        .map((at) => ({ prototype: rows[indices[at]!]!, cosine: similarities[at]! }))
      return [row, { nearest, duplicatesOf: representative[i] === i ? null : rows[representative[i]!]! }]
    })
  )
}
