/** What the demo shows at the end. Every number comes from the run that was just made. */
import type { KappaSummary, Mixture, Prototype } from '../client/resources.ts'
import { knnAccuracy, nearestNeighbors } from '../math/knn.ts'
import type { FullAssignments } from './calls.ts'
import { CLASSES, type Split } from './fashion-mnist.ts'

/** k and T of DINO's evaluation; 20 neighbours "is usually working the best" (its help text). */
const NEIGHBORS = 20

export interface Bank {
  readonly name: string
  readonly train: Float32Array
  readonly heldOut: Float32Array
}

export function knnTop1(bank: Bank, train: Split, heldOut: Split): number {
  return knnAccuracy({
    bank: bank.train,
    queries: bank.heldOut,
    dim: bank.train.length / train.labels.length,
    k: NEIGHBORS,
    bankLabels: train.labels,
    queryLabels: heldOut.labels,
    classes: CLASSES.length
  })
}

export function formatKnn(rows: readonly { readonly name: string; readonly accuracy: number }[]): string {
  const width = Math.max(...rows.map((row) => row.name.length))
  return rows
    .map(({ name, accuracy }) => {
      const bar = '█'.repeat(Math.round(accuracy * 40)).padEnd(40, '░')
      return `  ${name.padEnd(width)}  ${bar} ${(accuracy * 100).toFixed(1)} %`
    })
    .join('\n')
}

export function formatNeighbors(
  bank: Bank,
  train: Split,
  query: { readonly row: number; readonly heldOut: Split }
): string {
  const dim = bank.train.length / train.labels.length
  const queries = bank.heldOut.subarray(query.row * dim, (query.row + 1) * dim)
  const found = nearestNeighbors({ bank: bank.train, queries, dim, k: 5 })
  return Array.from(found.indices, (row, rank) => {
    const cosine = found.similarities[rank]!.toFixed(4)
    return `  ${rank + 1}. image ${String(train.positions[row]).padStart(5)}  ${CLASSES[train.labels[row]!]!.padEnd(12)} cosine ${cosine}`
  }).join('\n')
}

export function formatAssignments(result: FullAssignments): string {
  const rows = result.assignments.map(
    (one) =>
      `  prototype ${String(one.prototype).padStart(4)}  probability ${one.probability.toFixed(3)}  cosine ${one.cosine.toFixed(3)}` +
      `  kappa ${one.kappa.toFixed(1)}`
  )
  const summary = `  entropy ${result.entropy.toFixed(2)} nats: ${result.effective_clusters.toFixed(1)} prototypes share this image`
  return [...rows, summary].join('\n')
}

/** What the training images say about the mixture: nothing of a prototype that has none. */
export function formatMixture({ prototypes, mixture }: { prototypes: number; mixture: Mixture }): string {
  const { used, unique, top_share: share, images, fitted, alarm } = mixture
  const use = `  ${used} of ${prototypes} prototypes win one of ${images} training images, ${unique} of them unlike each other`
  const rows = [`${use}; the busiest has ${((share ?? 0) * 100).toFixed(0)} %`]
  if (alarm !== null) rows.push(`  alarm: ${alarm}`)
  if (fitted === null) return rows.join('\n')
  const [found, uniform] = [fitted.held_out_log_likelihood, fitted.uniform_log_likelihood].map((one) => one.toFixed(1))
  return [
    ...rows,
    `  ${fitted.components} von Mises–Fisher components fitted to ${fitted.images} of them: ${found} nats on each of the other ` +
      `${fitted.held_out_images}, ${uniform} for the uniform density`
  ].join('\n')
}

/** Components of the fitted mixture; every angle is measured on images. */
export function formatComponents(prototypes: readonly Prototype[]): string {
  const rows = prototypes.flatMap(({ index, fitted }) => {
    if (fitted === null || fitted.angle_degrees === null) return []
    const { p5, p50, p95 } = fitted.angle_degrees
    const angles = `half lie within ${p50.toFixed(1)}° of its direction, 90 % between ${p5.toFixed(1)}° and ${p95.toFixed(1)}°`
    return `  component ${String(index).padStart(4)}  images ${String(fitted.usage).padStart(5)}  fitted kappa ${fitted.kappa.toFixed(0).padStart(6)}  ${angles}`
  })
  return rows.join('\n')
}

export function formatKappa({ quantiles, histogram }: KappaSummary): string {
  const most = Math.max(1, ...histogram.counts)
  const bars = histogram.counts.map((count, bin) => {
    const edges = `${histogram.edges[bin]!.toFixed(1).padStart(6)} – ${histogram.edges[bin + 1]!.toFixed(1).padStart(6)}`
    return `  ${edges}  ${'█'.repeat(Math.round((count / most) * 40))} ${count}`
  })
  const shares = Object.entries(quantiles).map(([name, value]) => `${name} ${value.toFixed(1)}`)
  return [...bars, `  ${shares.join('  ')}`].join('\n')
}

export function formatCurl(url: string, key: string, ids: { readonly run: string; readonly model: string }): string {
  return `  export KAPPA_URL=${url} KAPPA_API_KEY=${key}
  curl -s $KAPPA_URL/v1/runs/${ids.run} -H "authorization: Bearer $KAPPA_API_KEY"
  curl -s $KAPPA_URL/v1/models/${ids.model}/embeddings -H "authorization: Bearer $KAPPA_API_KEY" \\
       -H "content-type: image/png" --data-binary @docs/images/boot.png
  curl -s $KAPPA_URL/v1/models/${ids.model}/assignments -H "authorization: Bearer $KAPPA_API_KEY" \\
       -H "content-type: image/png" --data-binary @docs/images/boot.png
  curl -s "$KAPPA_URL/v1/models/${ids.model}/prototypes?sort=-usage&limit=5" -H "authorization: Bearer $KAPPA_API_KEY"
  curl -s "$KAPPA_URL/v1/models/${ids.model}/kappa?view=fitted" -H "authorization: Bearer $KAPPA_API_KEY"`
}
