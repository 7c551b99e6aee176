import { useMemo, useState } from 'react'
import type { Run } from '../../../client/resources.ts'
import { Section } from '../../components/section.tsx'
import { formatCount } from '../../format.ts'
import { ChartGrid } from './chart-grid.tsx'
import { lastStep } from './metric-columns.ts'
import type { LiveMetrics } from './use-metrics.ts'

interface Props {
  readonly run: Run
  readonly metrics: LiveMetrics
  /** Steps that were selected, or null for all. */
  readonly range: readonly [number, number] | null
  readonly onZoom: (range: readonly [number, number] | null) => void
}

export function RunCharts({ run, metrics, range, onZoom }: Props) {
  const [isAveraged, setIsAveraged] = useState(true)
  const end = Math.max(1, lastStep(metrics.columns))
  const [from, to] = range ?? [0, end]
  const domain = useMemo<readonly [number, number]>(() => [from, to], [from, to])
  const actions = (
    <div className="actions small">
      {range && (
        <button type="button" onClick={() => onZoom(null)}>
          Show all steps
        </button>
      )}
      <label>
        <input type="checkbox" checked={isAveraged} onChange={(event) => setIsAveraged(event.target.checked)} /> Average
        noisy lines
      </label>
    </div>
  )
  const hint = range
    ? `Steps ${formatCount(from)} to ${formatCount(to)}, read again at full detail. Escape shows all.`
    : 'Drag across a chart to look closer; the API keeps every peak of what it leaves out.'
  return (
    <Section title="Metrics" hint={hint} actions={actions}>
      {metrics.isLoading ? (
        <div className="skeleton charts-skeleton" role="status" aria-label="Loading metrics" />
      ) : lastStep(metrics.columns) === -1 ? (
        <div className="empty">No metrics yet: they come with the first step.</div>
      ) : (
        <ChartGrid {...{ run, metrics, domain, onZoom }} isAveraged={isAveraged} />
      )}
    </Section>
  )
}
