/** An evaluation as lines for people. */
import type { Estimate, Evaluation } from '../evaluation/evaluation.ts'
import type { Bucket, PrototypesEvaluation } from '../evaluation/prototypes.ts'

/** Everything else is a share, and shown in percent. */
const PLAIN = /^(rankme|alpha|nmi|ari|.*_correlation)$/

/** A line a metric: protocol, metric, value, the interval's ends. */
export function tableOf(evaluation: Evaluation): string {
  const { protocol, metrics } = evaluation
  const rows = Object.entries(metrics).map(([name, estimate]) => row(protocol, name, show(estimate, PLAIN.test(name))))
  const buckets = isOfPrototypes(evaluation) ? evaluation.buckets.map((bucket) => rowOf(bucket)) : []
  return [...rows, ...buckets].join('\n')
}

const row = (protocol: string, name: string, text: string): string =>
  `${protocol.padEnd(11)} ${name.padEnd(26)} ${text}`

function show({ value, low, high }: Estimate, isPlain: boolean): string {
  const written = (number: number) => (isPlain ? number.toFixed(3) : `${(100 * number).toFixed(1)} %`).padStart(8)
  return `${written(value)}  ${written(low)} …${written(high)}`
}

const isOfPrototypes = (evaluation: Evaluation): evaluation is PrototypesEvaluation => 'buckets' in evaluation

function rowOf({ by, from, to, prototypes, images, top1 }: Bucket): string {
  const range = by === 'kappa' ? `κ ${from.toFixed(1)} … ${to.toFixed(1)}` : `usage ${from} … ${to}`
  return `${row('prototypes', `top1, ${range}`, show(top1, false))}  ${images} images of ${prototypes}`
}
