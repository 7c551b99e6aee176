/** What a model's prototypes are like: how precisely they assign, how often, which ones say the same. */
import { duplicatePrototypes, entropy, takenByFew, uniquePrototypes } from '../math/collapse.ts'
import { nearestNeighbors } from '../math/knn.ts'
import type { PrototypeFile, PrototypeRecord } from '../protocol/model-folder.ts'
import { indexOfLargest, type Mixture, posteriorOf } from './assigner.ts'
import type { FittedMixture } from './fitted-mixture.ts'

/** Cosine distance under which two prototypes count as one (arXiv 2510.20108). */
const DUPLICATE_DISTANCE = 0.025
const NEAREST = 3
/** Images of which shares say something: of four, one prototype has half by chance. */
const FEWEST_TOLD = 50
/** All pairs of more prototypes than this would take longer than the training images do; then only used ones are compared. */
const MAX_COMPARED = 16_384
/** Running counts over training images. */
export interface UsageCounts {
  /** @param cosines [images, K] */
  add(cosines: Float32Array): void
  readonly images: number
  /** [K] images whose likeliest prototype it is. */
  readonly usage: Uint32Array
  /** [K] sums of posteriors. */
  readonly probabilitySums: Float64Array
  /** [images] the likeliest prototype of each. */
  readonly labels: readonly number[]
}

/** @param mixture whose posterior it is counted by */
export function countUsage(mixture: Mixture): UsageCounts {
  const prototypes = mixture.kappa.length
  const usage = new Uint32Array(prototypes)
  const probabilitySums = new Float64Array(prototypes)
  const labels: number[] = []
  return {
    usage,
    probabilitySums,
    labels,
    get images() {
      return labels.length
    },
    add(cosines) {
      for (let from = 0; from < cosines.length; from += prototypes) {
        const probabilities = posteriorOf(cosines.subarray(from, from + prototypes), mixture)
        const best = indexOfLargest(probabilities)
        usage[best]!++
        labels.push(best)
        for (let k = 0; k < prototypes; k++) probabilitySums[k]! += probabilities[k]!
      }
    }
  }
}

export interface ReportSubject {
  readonly mixture: Mixture
  readonly posterior: PrototypeFile['posterior']
  /** [K, p] prototypes, of any length. */
  readonly directions: Float32Array
  readonly counts: UsageCounts
  readonly fitted: FittedMixture | null
}

export function reportPrototypes({ mixture, posterior, directions, counts, fitted }: ReportSubject): PrototypeFile {
  const prototypes = mixture.kappa.length
  const { images, usage } = counts
  const hasImages = images > 0
  const dim = directions.length / prototypes
  const similar = compare(directions, dim, comparedRows(prototypes, counts))
  const components = new Map(fitted?.components.map((component) => [component.prototype, component]))
  const used = [...usage.keys()].filter((k) => usage[k]! > 0)
  const records = Array.from({ length: prototypes }, (_, index): PrototypeRecord => {
    const { nearest, duplicatesOf } = similar.get(index) ?? { nearest: [], duplicatesOf: null }
    return {
      index,
      kappa: mixture.kappa[index]!,
      logNormalizer: mixture.uniformLogDensity + mixture.deltaLogNormalizer[index]!,
      usage: hasImages ? usage[index]! : null,
      meanProbability: hasImages ? counts.probabilitySums[index]! / images : null,
      nearest,
      duplicatesOf,
      fitted: components.get(index) ?? null
    }
  })
  return {
    format: 'kappa-prototypes/2',
    temperature: mixture.temperature,
    posterior,
    images,
    used: hasImages ? used.length : null,
    unique: hasImages
      ? uniquePrototypes(duplicatePrototypes(rowsOf(directions, dim, used), dim, DUPLICATE_DISTANCE))
      : null,
    ...shareOf(counts),
    fitted: fitted && { ...fitted.summary, logDensityQuantiles: fitted.logDensityQuantiles },
    prototypes: records
  }
}

function shareOf({ images, usage }: UsageCounts): Pick<PrototypeFile, 'topShare' | 'alarm'> {
  if (images === 0) return { topShare: null, alarm: null }
  const shares = Float64Array.from(usage, (count) => count / images)
  const topShare = shares.reduce((a, b) => Math.max(a, b), 0)
  const isTold = images >= FEWEST_TOLD && takenByFew({ topShare, entropy: entropy(shares), prototypes: usage.length })
  if (!isTold) return { topShare, alarm: null }
  const effective = Math.exp(entropy(shares)).toFixed(1)
  const alarm = `Few prototypes take all images: ${effective} in effect, the first ${(100 * topShare).toFixed(0)} %.`
  return { topShare, alarm }
}

function comparedRows(prototypes: number, { usage }: UsageCounts): number[] {
  const all = Array.from({ length: prototypes }, (_, k) => k)
  return prototypes <= MAX_COMPARED ? all : all.filter((k) => usage[k]! > 0)
}

function rowsOf(directions: Float32Array, dim: number, rows: readonly number[]): Float32Array {
  const chosen = new Float32Array(rows.length * dim)
  rows.forEach((row, i) => {
    chosen.set(directions.subarray(row * dim, (row + 1) * dim), i * dim)
  })
  return chosen
}

type Similarity = Pick<PrototypeRecord, 'nearest' | 'duplicatesOf'>

/** Nearest and repeated prototypes among `rows`, by prototype. */
function compare(directions: Float32Array, dim: number, rows: readonly number[]): Map<number, Similarity> {
  if (rows.length === 0) return new Map()
  const chosen = rowsOf(directions, dim, rows)
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
