/**
 * How well clusters that were found without labels agree with them: normalized mutual information (arithmetic mean of the
 * entropies), adjusted Rand index (Hubert & Arabie 1985) and purity (share of images in their cluster's commonest class), as
 * scikit-learn 1.9 computes the first two, and iBOT's unsup_cls.py with it.
 */
import { invariant } from '../base/errors.ts'
import { type Estimate, type Evaluation, GROUPS } from '../base/evaluation.ts'
import { entropy } from '../math/collapse.ts'
import { JACKKNIFE, jackknife, randomGroups } from './intervals.ts'

export interface Clustering {
  /** What assigned the images: whose posterior the clusters are the likeliest of. */
  readonly posterior: string
  /** [N] cluster of each image, 0 … clusters − 1. */
  readonly assignments: Int32Array
  readonly clusters: number
}

export interface Classes {
  /** [N], 0 … classes − 1. */
  readonly labels: Int32Array
  readonly classes: number
}

type Clustered = Clustering & Classes

/**
 * Metrics: nmi, ari and purity of every clustering, `nmi_teacher` by the posterior teacher. Purity and NMI grow with the number
 * of clusters: compare models of equally many.
 */
export function evaluateClustering(
  clusterings: readonly Clustering[],
  of: Classes,
  { seed }: { readonly seed: number }
): Evaluation {
  return {
    protocol: 'clustering',
    settings: {
      posteriors: clusterings.map(({ posterior }) => posterior),
      clusters: clusterings.map(({ clusters }) => clusters),
      normalization: 'arithmetic',
      ...JACKKNIFE,
      seed
    },
    bank: null,
    queries: of.labels.length,
    classes: of.classes,
    metrics: Object.assign({}, ...clusterings.map((one) => metricsOf({ ...one, ...of }, seed)))
  }
}

function metricsOf(clustered: Clustered, seed: number): Record<string, Estimate> {
  const { labels, classes, posterior } = clustered
  const images = labels.length
  const group = randomGroups(images, seed)
  const all = agreementOf(
    contingencyOf(clustered, () => true),
    classes
  )
  const without = Array.from({ length: GROUPS }, (_, g) =>
    agreementOf(
      contingencyOf(clustered, (row) => group[row] !== g),
      classes
    )
  )
  const names = ['nmi', 'ari', 'purity'] as const
  return Object.fromEntries(
    names.map((name) => [
      `${name}_${posterior}`,
      jackknife(
        all[name],
        without.map((one) => one[name])
      )
    ])
  )
}

/** Images of each cluster and class, [clusters, classes]. */
function contingencyOf(
  { assignments, labels, clusters, classes }: Clustered,
  isIn: (row: number) => boolean
): Float64Array {
  const table = new Float64Array(clusters * classes)
  for (let row = 0; row < labels.length; row++) if (isIn(row)) table[assignments[row]! * classes + labels[row]!]!++
  return table
}

type Agreement = Record<'nmi' | 'ari' | 'purity', number>

function agreementOf(table: Float64Array, classes: number): Agreement {
  const clusters = table.length / classes
  const byCluster = new Float64Array(clusters)
  const byClass = new Float64Array(classes)
  let images = 0
  let common = 0
  for (let k = 0; k < clusters; k++) {
    let most = 0
    for (let c = 0; c < classes; c++) {
      const count = table[k * classes + c]!
      byCluster[k]! += count
      byClass[c]! += count
      if (count > most) most = count
    }
    common += most
    images += byCluster[k]!
  }
  invariant(images > 0, 'clusters of no image')
  return {
    nmi: normalizedInformation({ table, byCluster, byClass }, images),
    ari: adjustedRand({ table, byCluster, byClass }, images),
    purity: common / images
  }
}

/** Images of each, in any order; those of none may be left out. */
export interface Counts {
  readonly table: Float64Array
  readonly byCluster: Float64Array
  readonly byClass: Float64Array
}

function normalizedInformation({ table, byCluster, byClass }: Counts, images: number): number {
  const nats = (counts: Float64Array) => entropy(counts.map((count) => count / images))
  const [ofClusters, ofClasses] = [nats(byCluster), nats(byClass)]
  // One cluster and one class agree perfectly.
  if (ofClusters === 0 && ofClasses === 0) return 1
  return (ofClusters + ofClasses - nats(table)) / ((ofClusters + ofClasses) / 2)
}

export function adjustedRand({ table, byCluster, byClass }: Counts, images: number): number {
  const pairs = (counts: Float64Array) => counts.reduce((sum, n) => sum + (n * (n - 1)) / 2, 0)
  const [together, inClusters, inClasses] = [pairs(table), pairs(byCluster), pairs(byClass)]
  const all = (images * (images - 1)) / 2
  const expected = (inClusters * inClasses) / all
  const most = (inClusters + inClasses) / 2
  // All in one on both sides, or each alone on both sides.
  return most === expected ? 1 : (together - expected) / (most - expected)
}
