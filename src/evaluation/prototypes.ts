/**
 * Do prototypes with a high κ, or with many images, hold the easy images? After the DINO-vMF paper (arXiv 2405.10939), which
 * relates precision to difficulty; the buckets are ours: images are sorted by κ, or by the usage, of the prototype that they
 * belong to and cut into buckets of about as many images; the accuracy of nearest neighbours is given for each. Beside it
 * Spearman's rank correlation over images of κ with being right.
 */
import { invariant } from '../base/errors.ts'
import { type Bucket, type Estimate, GROUPS, type PrototypesEvaluation } from '../base/evaluation.ts'
import { prototypeUsage, usedPrototypes } from '../math/collapse.ts'
import { nearestNeighbors, predictByVotes, voteByNeighbors } from '../math/knn.ts'
import { judgedOf, type LabelledSets } from './evaluation.ts'
import { bootstrapMeans, bootstrapOver, jackknife, randomGroups } from './intervals.ts'

export interface PrototypesSettings {
  /** Of nearest neighbours. */
  readonly k: number
  readonly temperature: number
  readonly buckets: number
  /** What assigned the images, and whose κ is meant. */
  readonly posterior: string
  readonly seed: number
}

export const PROTOTYPES_SETTINGS = { k: 20, temperature: 0.07, buckets: 5, seed: 0 } as const

export interface PrototypesOfImages {
  /** [N] of the judged images. */
  readonly assignments: Int32Array
  /** [K] */
  readonly kappa: ArrayLike<number>
}

/** Metrics: top1 over all images; kappa_correlation and usage_correlation, −1 … 1 (0 where all are equal). */
export function evaluatePrototypes(
  sets: LabelledSets,
  images: PrototypesOfImages,
  settings: PrototypesSettings
): PrototypesEvaluation {
  const { seed, temperature } = settings
  const { assignments, kappa } = images
  const k = Math.min(settings.k, sets.bank.labels.length - (sets.queries === null ? 1 : 0))
  const hits = hitsOf(sets, { k, temperature })
  invariant(assignments.length === hits.length, `${assignments.length} assignments of ${hits.length} images`)
  const usage = prototypeUsage(assignments, kappa.length)
  const byKappa = Float64Array.from(assignments, (prototype) => kappa[prototype]!)
  const byUsage = Float64Array.from(assignments, (prototype) => usage[prototype]!)
  const group = randomGroups(hits.length, seed)
  const correlation = (values: Float64Array): Estimate => {
    const among = (isIn: (row: number) => boolean) =>
      spearman(
        values.filter((_, n) => isIn(n)),
        hits.filter((_, n) => isIn(n))
      )
    const without = Array.from({ length: GROUPS }, (_, g) => among((n) => group[n] !== g))
    return jackknife(
      among(() => true),
      without
    )
  }
  const bucketed = (by: Bucket['by'], values: Float64Array) =>
    bucketsOf(values, settings.buckets).map((rows): Bucket => bucketOf({ by, rows, values, assignments, hits, seed }))
  return {
    protocol: 'prototypes',
    settings: {
      ...settings,
      k,
      leaveOneOut: sets.queries === null,
      ...bootstrapOver('queries'),
      correlation: 'spearman',
      correlationInterval: 'jackknife',
      groups: GROUPS
    },
    bank: sets.bank.labels.length,
    queries: hits.length,
    classes: sets.classes,
    metrics: {
      ...bootstrapMeans({ top1: hits }, seed),
      kappa_correlation: correlation(byKappa),
      usage_correlation: correlation(byUsage)
    },
    used: usedPrototypes(usage),
    buckets: [...bucketed('kappa', byKappa), ...bucketed('usage', byUsage)]
  }
}

/** 1 where the neighbours' vote is right. */
function hitsOf(
  sets: LabelledSets,
  { k, temperature }: { readonly k: number; readonly temperature: number }
): Float64Array {
  const { bank, dim, classes } = sets
  const judged = judgedOf(sets)
  const leaveOneOut = sets.queries === null
  const neighbors = nearestNeighbors({ bank: bank.features, queries: judged.features, dim, k, leaveOneOut })
  const predicted = predictByVotes(voteByNeighbors(neighbors, { labels: bank.labels, classes, temperature }), classes)
  return Float64Array.from(predicted, (label, n) => (label === judged.labels[n] ? 1 : 0))
}

/**
 * Rows in ascending order of their values; equal values, and so the images of one prototype, stay together. What is left over
 * and is less than half a bucket belongs to the last one.
 */
function bucketsOf(values: Float64Array, count: number): number[][] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!)
  const share = order.length / count
  const buckets: number[][] = []
  order.forEach((row, place) => {
    const last = buckets.at(-1)
    const isNew = place > 0 && values[row] !== values[order[place - 1]!]
    const isFull = last !== undefined && last.length >= share && order.length - place >= share / 2
    if (last === undefined || (isNew && isFull)) buckets.push([row])
    else last.push(row)
  })
  return buckets
}

interface Bucketed {
  readonly by: Bucket['by']
  readonly rows: readonly number[]
  readonly values: Float64Array
  readonly assignments: Int32Array
  readonly hits: Float64Array
  readonly seed: number
}

function bucketOf({ by, rows, values, assignments, hits, seed }: Bucketed): Bucket {
  const scores = { top1: rows.map((row) => hits[row]!) }
  return {
    by,
    from: values[rows[0]!]!,
    to: values[rows.at(-1)!]!,
    prototypes: new Set(rows.map((row) => assignments[row]!)).size,
    images: rows.length,
    top1: bootstrapMeans(scores, seed)['top1']!
  }
}

/** Correlation of the ranks; equal values share the mean of theirs. */
function spearman(a: Float64Array, b: Float64Array): number {
  const [x, y] = [ranksOf(a), ranksOf(b)]
  const mean = (x.length - 1) / 2
  let [xy, xx, yy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mean) * (y[i]! - mean)
    xx += (x[i]! - mean) ** 2
    yy += (y[i]! - mean) ** 2
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy)
}

function ranksOf(values: Float64Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!)
  const ranks = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2
    from = to
  }
  return ranks
}
