/** An evaluation as lines for people. */
import { bucketRanges } from '../base/bucket-ranges.ts'
import {
  type AnyProtocol,
  type Bucket,
  type Estimate,
  type Evaluation,
  isOfPrototypes,
  isShare
} from '../base/evaluation.ts'

/** A line a metric: protocol, metric and of which first dimensions if not of all, value, the interval's ends. */
export function tableOf(evaluation: Evaluation<AnyProtocol>): string {
  const { protocol, metrics, settings } = evaluation
  const { dimensions } = settings
  const of = typeof dimensions === 'number' ? `, first ${dimensions}` : ''
  const rows = Object.entries(metrics).map(([name, estimate]) =>
    row(protocol, `${name}${of}`, show(estimate, isShare(name)))
  )
  return [...rows, ...(isOfPrototypes(evaluation) ? bucketRows(evaluation.buckets) : [])].join('\n')
}

const row = (protocol: string, name: string, text: string): string =>
  `${protocol.padEnd(11)} ${name.padEnd(26)} ${text}`

function show({ value, low, high }: Estimate, inPercent: boolean): string {
  const written = (number: number) => (inPercent ? `${(100 * number).toFixed(1)} %` : number.toFixed(3)).padStart(8)
  return `${written(value)}  ${written(low)} …${written(high)}`
}

function bucketRows(buckets: readonly Bucket[]): string[] {
  const ranges = bucketRanges(buckets)
  return buckets.map(
    ({ prototypes, images, top1 }, i) =>
      `${row('prototypes', `top1, ${ranges[i]}`, show(top1, true))}  ${images} images of ${prototypes}`
  )
}
