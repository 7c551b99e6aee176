/** Lines and bands of a run's charts, by the keys of its metrics. */
import type { Run } from '../../../client/resources.ts'
import type { Band, Color, Line } from '../../charts/line.ts'
import type { MetricColumns } from './metric-columns.ts'
import type { MetricKey } from './metric-keys.ts'
import { type LiveMetrics, seriesOf } from './use-metrics.ts'

export interface ChartProps {
  readonly run: Run
  readonly metrics: LiveMetrics
  readonly domain: readonly [number, number]
  readonly isAveraged: boolean
  readonly onZoom: (range: readonly [number, number] | null) => void
}

export const line = (columns: MetricColumns, label: string, key: MetricKey, color: Color): Line => ({
  label,
  series: seriesOf(columns, key),
  color
})

export const band = (
  columns: MetricColumns,
  label: string,
  [lower, upper]: readonly [MetricKey, MetricKey],
  color: Color
): Band => ({
  label,
  lower: seriesOf(columns, lower),
  upper: seriesOf(columns, upper),
  color
})

export const FROM_ZERO = [0] as const

export const hasPoints = (columns: MetricColumns, key: MetricKey): boolean => seriesOf(columns, key).steps.length > 0
