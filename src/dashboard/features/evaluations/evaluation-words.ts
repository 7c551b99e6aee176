import type { Evaluation } from '../../../client/resources.ts'
import { formatMetric } from '../../evaluation-metrics.ts'

export const EVALUATION_STATUSES = [
  'queued',
  'running',
  'cancelled',
  'succeeded',
  'failed'
] as const satisfies readonly Evaluation['status'][]

/** One number of many, for a list: the first that its first protocol gives. */
export function firstResult({ results: [first] }: Pick<Evaluation, 'results'>): string {
  const [metric] = Object.entries(first?.metrics ?? {})
  if (!first || !metric) return '–'
  const [name, { value }] = metric
  return `${first.protocol} ${name} ${formatMetric(name, value)}`
}
