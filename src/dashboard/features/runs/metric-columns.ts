import type { Metrics } from '../../../client/resources.ts'
import { mergeSeries, type Series } from '../../charts/series.ts'

export type MetricColumns = Readonly<Record<string, Series>>

export const columnsOf = (columns: Metrics['series']): MetricColumns =>
  Object.fromEntries(
    columns.map(({ key, steps, values }) => [key, { steps, values: values.map((value) => value ?? Number.NaN) }])
  )

/** A key that brings nothing new keeps its very object, so that its chart is not drawn again. */
export function mergeColumns(old: MetricColumns, fresh: MetricColumns): MetricColumns {
  const merged: Record<string, Series> = { ...old }
  for (const [key, series] of Object.entries(fresh)) {
    const known = merged[key]
    merged[key] = known ? mergeSeries(known, series) : series
  }
  return merged
}

const longest = (columns: MetricColumns): Series | undefined =>
  Object.values(columns).reduce<Series | undefined>(
    (best, series) => (best && best.steps.length >= series.steps.length ? best : series),
    undefined
  )

export const longestSeries = (columns: MetricColumns): number => longest(columns)?.steps.length ?? 0

/** Last step of any key; −1 when there is none. */
export const lastStep = (columns: MetricColumns): number =>
  Object.values(columns).reduce((last, { steps }) => Math.max(last, steps.at(-1) ?? -1), -1)

export const lastValue = (columns: MetricColumns, key: string): number | null => columns[key]?.values.at(-1) ?? null

/** Mean of the last `count` values: a rate of one step is mostly noise. */
export function recentMean(columns: MetricColumns, key: string, count: number): number | null {
  const values = columns[key]?.values.slice(-count) ?? []
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
