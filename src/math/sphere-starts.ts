/**
 * Directions that stand where unit vectors y [N, p] are, one for each of as many prototypes as there are vectors for:
 *
 *   1  k-means++ on the sphere (Arthur & Vassilvitskii 2007, with 1 − μᵀy for the squared distance): every next start is a
 *      vector, drawn the likelier the further it is from the starts so far; of 2 + ln C that are drawn, the one that
 *      leaves the least distance (their greedy variant: without it one of eight planted clusters is missed now and then)
 *   2  expectation-maximization of a von Mises–Fisher mixture from these starts, whose directions take their place
 *   3  vectors that are no start yet, at random, where more directions are wanted than vectors make clusters
 *
 * Float64. Cost (2 + ln C + iterations) · N · C · p, where C ≤ N / 5 are the clusters, and fewer where that is too much.
 */
import { dotsWithRows } from './knn.ts'
import { fitMovmf } from './movmf.ts'
import type { Prng } from './prng.ts'

export interface SphereVectors {
  /** [N, p] unit rows, at least one. */
  readonly vectors: Float64Array
  readonly dim: number
}

/** Of fewer vectors a cluster says nothing: movmf.ts drops it, and its start stays. */
const FEWEST_VECTORS = 5
const MOST_ITERATIONS = 10
/** Multiplications of all passes together; 8,192 vectors of 256 dimensions, made 8,192 directions, took 69 s of one busy x86 core. */
const MOST_PRODUCTS = 6e10
/** Nats of the mean log-likelihood: directions that still move by less are as good. */
const GAIN = 0.01
/** As many clusters as leave room for so many passes: 2 + ln 1638 tries, and a few iterations. */
const FEWEST_PASSES = 12
/** Multiplications between two yields: a tenth of a second. */
const TURN_PRODUCTS = 5e7

/**
 * Yields every tenth of a second and after every iteration, so that whoever drives it can stop.
 * @param count directions wanted
 * @returns [min(count, N), p] unit rows
 */
export function* directionsOf(
  { vectors, dim }: SphereVectors,
  count: number,
  random: Prng
): Generator<void, Float64Array> {
  const images = vectors.length / dim
  const wanted = Math.min(count, images)
  const most = Math.min(images / FEWEST_VECTORS, MOST_PRODUCTS / (FEWEST_PASSES * vectors.length))
  const clusters = Math.min(wanted, Math.max(1, Math.floor(most)))
  const starts = yield* spreadStarts({ vectors, dim }, clusters, random)
  const rows = [...starts, ...others(starts, { images, count: wanted - clusters }, random)]
  const directions = new Float64Array(wanted * dim)
  for (const [at, row] of rows.entries()) directions.set(vectors.subarray(row * dim, (row + 1) * dim), at * dim)
  if (images < FEWEST_VECTORS) return directions
  const afforded = Math.floor(MOST_PRODUCTS / (images * clusters * dim)) - triesOf(clusters)
  const iterations = Math.min(MOST_ITERATIONS, Math.max(1, afforded))
  const from = { directions: directions.slice(0, clusters * dim) }
  const fitting = fitMovmf({ vectors, dim, from }, { smallest: FEWEST_VECTORS, gain: GAIN, iterations })
  for (;;) {
    const { done, value } = fitting.next()
    if (done) {
      const { origins, directions: fitted } = value.mixture
      for (const [k, row] of origins.entries()) directions.set(fitted.subarray(k * dim, (k + 1) * dim), row * dim)
      return directions
    }
    yield
  }
}

const triesOf = (count: number): number => 2 + Math.floor(Math.log(count))

/** Rows of the vectors that k-means++ begins with. */
function* spreadStarts(of: SphereVectors, count: number, random: Prng): Generator<void, number[]> {
  const images = of.vectors.length / of.dim
  const tries = triesOf(count)
  const turn = Math.max(1, Math.floor(TURN_PRODUCTS / (tries * of.vectors.length)))
  const starts = [random.integer(images)]
  let nearest = distancesWith(of, starts[0]!, new Float64Array(images).fill(Number.POSITIVE_INFINITY))
  while (starts.length < count) {
    if (starts.length % turn === 0) yield
    const { total } = nearest
    const rows = Array.from({ length: total > 0 ? tries : 0 }, () => drawn(nearest.each, total * random.uniform()))
    const candidates = total > 0 ? rows : [firstUnused(starts, images)]
    let best: { row: number; distances: Distances } | null = null
    for (const row of new Set(candidates)) {
      const distances = distancesWith(of, row, nearest.each)
      if (best === null || distances.total < best.distances.total) best = { row, distances }
    }
    starts.push(best!.row)
    nearest = best!.distances
  }
  return starts
}

/** Of every vector to its nearest start, and their sum. */
interface Distances {
  readonly each: Float64Array
  readonly total: number
}

/** The distances once `row` is a start as well. */
function distancesWith({ vectors, dim }: SphereVectors, row: number, before: Float64Array): Distances {
  const each = new Float64Array(before.length)
  dotsWithRows(vectors, vectors.subarray(row * dim, (row + 1) * dim), { from: 0, to: each.length, out: each })
  let total = 0
  for (let n = 0; n < each.length; n++) {
    // Its own cosine may round to less than 1: no vector is a start twice.
    each[n] = n === row ? 0 : Math.min(before[n]!, Math.max(0, 1 - each[n]!))
    total += each[n]!
  }
  return { each, total }
}

/** The row at which the running sum passes `at`. */
function drawn(weights: Float64Array, at: number): number {
  let sum = 0
  let last = 0
  for (const [row, weight] of weights.entries()) {
    if (weight === 0) continue
    last = row
    sum += weight
    if (sum > at) return row
  }
  return last // the sum rounds
}

/** All vectors are starts or equal to one. */
function firstUnused(starts: readonly number[], images: number): number {
  const used = new Set(starts)
  return Array.from({ length: images }, (_, row) => row).find((row) => !used.has(row))!
}

function others(
  starts: readonly number[],
  { images, count }: { images: number; count: number },
  random: Prng
): number[] {
  if (count === 0) return []
  const used = new Set(starts)
  return Array.from(random.permutation(images))
    .filter((row) => !used.has(row))
    .slice(0, count)
}
