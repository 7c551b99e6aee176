/**
 * The mixture of von Mises–Fisher components that fits the training images: expectation-maximization on nine tenths of
 * their bottleneck vectors, begun at what the teacher's prototypes win, and measured on the last tenth. What it says of
 * images is measured on images; the teacher's own κ = ‖w‖/τ says how sharply it assigns, and nothing about where they lie.
 */
import { concentrationInterval } from '../math/concentration.ts'
import { createScorer, type VmfMixture } from '../math/mixture-scores.ts'
import { fitMovmf, type MovmfProgress } from '../math/movmf.ts'
import { prng } from '../math/prng.ts'
import { quantiles } from '../math/vectors.ts'
import { logNormalizer } from '../math/vmf.ts'
import type { FittedComponent, FittedSummary } from '../protocol/model-folder.ts'
import { indexOfLargest, unitOf } from './assigner.ts'

/** Keeps the split apart from every other use of a seed. */
const SPLIT_STREAM = 0x68656c64
const HELD_OUT_SHARE = 0.1
/** A component has a direction in p dimensions and a κ: of fewer images neither says much. */
const FEWEST_IMAGES = 5
/** Most components; of more prototypes the most used ones begin one. */
const MOST_COMPONENTS = 1024
/** Nats of the mean log-likelihood, which is a hundred and more. */
const GAIN = 0.01
export const MOST_ITERATIONS = 100
/** Multiplications of all iterations together: 26 of 9,000 × 1,024 × 256, which took 3.9 s of one busy x86 core each. */
const MOST_PRODUCTS = 6e10
/** Resolution of the density percentile: 0.1 %. */
const DENSITY_POINTS = 1001
const ANGLES = [0.05, 0.5, 0.95] as const

/** Training images as the teacher sees them. */
export interface SeenImages {
  /** [N, p] unit rows. */
  readonly vectors: Float64Array
  readonly dim: number
  /** [N] the prototype that each image is given to. */
  readonly labels: Int32Array
  readonly seed: number
}

export interface FittedMixture {
  /** Directions rounded to float32, as they are stored; `origins` are prototypes. */
  readonly mixture: VmfMixture
  /** [C] */
  readonly components: readonly FittedComponent[]
  readonly summary: FittedSummary
  /** Of held-out images, ascending, at evenly spaced shares 0 … 1. */
  readonly logDensityQuantiles: readonly number[]
}

/** Null when no prototype has five images. Yields after every iteration. */
export function* fitMixture(seen: SeenImages): Generator<MovmfProgress, FittedMixture | null> {
  const { dim, labels, seed } = seen
  const order = prng(seed, SPLIT_STREAM).permutation(labels.length)
  const heldOut = Math.max(1, Math.round(HELD_OUT_SHARE * labels.length))
  const fitted = order.subarray(heldOut)
  const prototypes = mostUsed(fitted, labels)
  if (prototypes.length === 0) return null
  const start = new Map(prototypes.map((prototype, at) => [prototype, at]))
  const fit = yield* fitMovmf(
    {
      dim,
      vectors: rowsOf(seen, fitted),
      from: {
        starts: prototypes.length,
        labels: Int32Array.from(fitted, (n) => start.get(labels[n]!) ?? -1)
      }
    },
    {
      smallest: FEWEST_IMAGES,
      gain: GAIN,
      iterations: Math.min(MOST_ITERATIONS, Math.ceil(MOST_PRODUCTS / (fitted.length * prototypes.length * dim)))
    }
  )
  const mixture = asStored(fit.mixture, prototypes)
  const score = createScorer(mixture)
  const densities = Array.from(order.subarray(0, heldOut), (n) => score(rowOf(seen, n)).logDensity)
  const summary: FittedSummary = {
    images: fitted.length,
    heldOutImages: heldOut,
    components: mixture.origins.length,
    dropped: fit.dropped.length,
    iterations: fit.iterations,
    hasConverged: fit.hasConverged,
    heldOutLogLikelihood: densities.reduce((sum, value) => sum + value, 0) / heldOut,
    uniformLogLikelihood: logNormalizer(dim, 0)
  }
  return { mixture, components: measure(mixture, seen), summary, logDensityQuantiles: densityQuantiles(densities) }
}

/** Prototypes with enough images to begin a component, in the order of their numbers. */
function mostUsed(images: Uint32Array, labels: Int32Array): number[] {
  const usage = new Map<number, number>()
  for (const n of images) usage.set(labels[n]!, (usage.get(labels[n]!) ?? 0) + 1)
  return [...usage]
    .filter(([, count]) => count >= FEWEST_IMAGES)
    .sort(([a, m], [b, n]) => n - m || a - b)
    .slice(0, MOST_COMPONENTS)
    .map(([prototype]) => prototype)
    .sort((a, b) => a - b)
}

const rowOf = ({ vectors, dim }: SeenImages, n: number): Float64Array => vectors.subarray(n * dim, (n + 1) * dim)

function rowsOf(seen: SeenImages, images: Uint32Array): Float64Array {
  const rows = new Float64Array(images.length * seen.dim)
  images.forEach((n, at) => {
    rows.set(rowOf(seen, n), at * seen.dim)
  })
  return rows
}

/** As readers of float32 directions will have it: everything is measured on what is served. */
function asStored(mixture: VmfMixture, prototypes: readonly number[]): VmfMixture {
  const origins = mixture.origins.map((start) => prototypes[start]!)
  return { ...mixture, origins, directions: unitRowsOf(Float32Array.from(mixture.directions), mixture.dim) }
}

/** [C, p] rows of unit length in float64. */
export function unitRowsOf(rows: Float32Array, dim: number): Float64Array {
  const unit = new Float64Array(rows.length)
  for (let from = 0; from < rows.length; from += dim) unit.set(unitOf(rows.subarray(from, from + dim)), from)
  return unit
}

/** Sums over images, by component. */
interface Tally {
  /** Σγ, Σγ², Σγc, Σγc² with the posteriors γ and the cosines c to the direction. */
  readonly mass: Float64Array
  readonly squaredMass: Float64Array
  readonly cosine: Float64Array
  readonly squaredCosine: Float64Array
  /** Cosines of the images whose likeliest component it is. */
  readonly won: number[][]
}

/** What all training images, held out or not, say about each component. */
function measure(mixture: VmfMixture, seen: SeenImages): FittedComponent[] {
  const count = mixture.origins.length
  const zeros = () => new Float64Array(count)
  const won: number[][] = Array.from({ length: count }, () => [])
  const tally: Tally = { mass: zeros(), squaredMass: zeros(), cosine: zeros(), squaredCosine: zeros(), won }
  const score = createScorer(mixture)
  for (let n = 0; n < seen.labels.length; n++) {
    const { posterior, cosines } = score(rowOf(seen, n))
    const best = indexOfLargest(posterior)
    won[best]!.push(cosines[best]!)
    for (let k = 0; k < count; k++) {
      const share = posterior[k]!
      tally.mass[k]! += share
      tally.squaredMass[k]! += share * share
      tally.cosine[k]! += share * cosines[k]!
      tally.squaredCosine[k]! += share * cosines[k]! ** 2
    }
  }
  return mixture.origins.map((prototype, k) => componentOf(k, { prototype, mixture, tally }))
}

function componentOf(
  k: number,
  { prototype, mixture, tally }: { prototype: number; mixture: VmfMixture; tally: Tally }
): FittedComponent {
  const mass = tally.mass[k]!
  const resultant = mass > 0 ? Math.max(0, tally.cosine[k]! / mass) : 0
  const variance = mass > 0 ? Math.max(0, tally.squaredCosine[k]! / mass - resultant ** 2) : 0
  const images = mass > 0 ? mass ** 2 / tally.squaredMass[k]! : 0
  const cosines = tally.won[k]!
  const [p5, p50, p95] = cosines.length > 0 ? quantiles(cosines.map(degrees), ANGLES) : []
  return {
    prototype,
    weight: mixture.weights[k]!,
    kappa: mixture.kappa[k]!,
    kappaInterval: concentrationInterval({ p: mixture.dim, images, resultant, variance }),
    resultantLength: resultant,
    usage: cosines.length,
    meanCosine: cosines.length > 0 ? cosines.reduce((sum, value) => sum + value, 0) / cosines.length : null,
    angleDegrees: p5 === undefined ? null : { p5, p50: p50!, p95: p95! }
  }
}

const degrees = (cosine: number): number => (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI

const densityQuantiles = (densities: readonly number[]): number[] =>
  quantiles(
    densities,
    Array.from({ length: DENSITY_POINTS }, (_, i) => i / (DENSITY_POINTS - 1))
  )
