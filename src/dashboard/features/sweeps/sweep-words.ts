/** What a sweep is about, in a few words, and which of its trials is shown how. */
import type { Sweep, SweepComparison, SweepTrial } from '../../../client/resources.ts'
import type { Color } from '../../charts/line.ts'
import { formatMetric } from '../../evaluation-metrics.ts'
import { formatCount, formatNumber, formatWords } from '../../format.ts'

export type SweepValue = SweepTrial['values'][string]

/** `hyperparameters.learning_rate` → `learning rate`. */
export const fieldName = (field: string): string => formatWords(field.replace(/^hyperparameters\./, ''))

export function formatValue(value: SweepValue | undefined): string {
  if (value === undefined) return '–'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatNumber(value, 6)
  return Array.isArray(value) ? value.map(String).join(', ') : String(value)
}

export const variedFields = ({ grid, random }: Pick<Sweep, 'grid' | 'random'>): readonly string[] =>
  Object.keys(grid ?? random ?? {})

/** `3 running, 2 queued`; the order is that of the API. */
export const statusesInWords = ({ statuses }: Pick<Sweep, 'statuses'>): string =>
  Object.entries(statuses)
    .map(([status, runs]) => `${runs} ${formatWords(status)}`)
    .join(', ') || 'no runs left'

/** Of an evaluation by its own scale: `eval/knn_top1_k20` is a share. */
export function formatMetricOf(metric: string, value: number | null | undefined): string {
  const own = /^eval\/(?:knn|logistic|linear|finetune|few_shot|retrieval|clustering|prototypes|label_free)_(.+)$/.exec(
    metric
  )?.[1]
  if (own === undefined || value === null || value === undefined) return formatNumber(value)
  return formatMetric(own, value)
}

/** Who is ahead, and how sure that is. */
export function standingInWords({ objective, standing }: SweepComparison): string | null {
  if (!objective || !standing) return null
  const { best, leading, open, without_value: without } = standing
  const value = (one: NonNullable<typeof best>) =>
    `trial ${one.trial}, ${formatMetricOf(objective.metric, one.value)} at step ${formatCount(one.step)}`
  const goal = objective.direction === 'minimize' ? 'lowest' : 'highest'
  return [
    best
      ? `The ${goal} ${objective.metric} of those that succeeded: ${value(best)}.`
      : `No trial with a value of ${objective.metric} has succeeded.`,
    ...(leading ? [`Ahead of those that go on: ${value(leading)}.`] : []),
    ...(open > 0
      ? [`${open} ${open === 1 ? 'trial has' : 'trials have'} not ended: it may still be another one.`]
      : []),
    ...(without > 0 ? [`${without} that succeeded ${without === 1 ? 'has' : 'have'} no value.`] : [])
  ].join(' ')
}

const COLORS: readonly Color[] = [1, 2, 3, 4, 5]

/** Ten looks, one after the other: the eleventh trial looks like the first, and its name says which it is. */
export const styleOf = (trial: number): { readonly color: Color; readonly isDashed: boolean } => ({
  color: COLORS[(trial - 1) % COLORS.length] ?? 1,
  isDashed: Math.floor((trial - 1) / COLORS.length) % 2 === 1
})

/** Metrics of a run that tell trials apart. */
const CURVES = ['loss', 'loss_over_ln_k', 'kl', 'teacher_entropy', 'effective_rank', 'used_prototypes', 'grad_norm']

/** The objective's first, unless an evaluation measures it: of most runs that is one point, which draws no line. */
export function curvesOf({ objective }: Pick<Sweep, 'objective'>): readonly string[] {
  const own = objective ? [objective.metric] : []
  const isMeasured = objective?.metric.startsWith('eval/') ?? false
  return [...new Set(isMeasured ? [...CURVES, ...own] : [...own, ...CURVES])]
}
