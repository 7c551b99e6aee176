import { useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import type { Run } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import type { Line } from '../../charts/line.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import type { Series } from '../../charts/series.ts'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { curveQuery, speedQuery } from '../../data/queries/curves.ts'
import { columnsOf } from '../runs/metric-columns.ts'
import { METRIC_KEYS } from '../runs/metric-keys.ts'
import { formatMetricOf, styleOf } from '../sweeps/sweep-words.ts'
import { legendNames } from './run-names.ts'
import { minutesOf, type Placing, placed, X_AXES, type XAxis } from './x-axis.ts'

interface Props {
  readonly runs: readonly Run[]
  /** Ids of runs that are not drawn. */
  readonly hidden: ReadonlySet<string>
}

const TALL = 340
const NOTHING: Series = { steps: [], values: [] }

/** As many images as its steps had so far; of one that has not begun, what its recipe says. */
const imagesPerStep = ({ progress, resolved_recipe: recipe }: Run): number =>
  progress.step > 0 ? progress.images_seen / progress.step : recipe.hyperparameters.batch_size

/** One metric of all runs in one chart. */
export function CompareCurves({ runs, hidden }: Props) {
  const [metric, setMetric] = useState<string>('loss')
  const [axis, setAxis] = useState<XAxis>('step')
  const [range, setRange] = useState<readonly [number, number] | null>(null)
  const client = useClient()
  const names = legendNames(runs)
  const curves = useQueries({
    queries: runs.map((run) => curveQuery(client, { runId: run.id, metric, isOpen: !isFinished(run) }))
  })
  const speeds = useQueries({
    queries: runs.map((run) => ({
      ...speedQuery(client, { runId: run.id, isOpen: !isFinished(run) }),
      enabled: axis === 'minutes'
    }))
  })
  const placing = (run: Run, index: number): Placing => {
    if (axis === 'step') return (step) => step
    const images = imagesPerStep(run)
    if (axis === 'images seen') return (step) => step * images
    return minutesOf(columnsOf(speeds[index]?.data ?? [])['images_per_second'] ?? NOTHING, images)
  }
  const problem = [...curves, ...speeds].map(problemOf).find((one) => one !== null)
  const lines = runs.flatMap((run, index): Line[] => {
    if (hidden.has(run.id)) return []
    const series = columnsOf(curves[index]?.data ?? [])[metric] ?? NOTHING
    return [{ label: names[index] ?? run.id, series: placed(series, placing(run, index)), ...styleOf(index + 1) }]
  })
  const end = Math.max(1, ...lines.map(({ series }) => series.steps.at(-1) ?? 0))
  const choose = (next: XAxis) => {
    setAxis(next)
    setRange(null)
  }
  return (
    <Section
      title="Curves"
      hint={
        axis === 'minutes'
          ? 'Minutes are those of training, by the speed of each step: what a run waited for is left out.'
          : 'Drag to look closer, Escape shows all of it; the table above says which runs are drawn.'
      }
      actions={<Choosers metric={metric} onMetric={setMetric} axis={axis} onAxis={choose} />}
    >
      {problem && <ProblemNotice problem={problem} />}
      <LineChart
        title={metric}
        xName={axis}
        lines={lines}
        domain={range ?? [0, end]}
        onZoom={setRange}
        height={TALL}
        formatValue={(value) => formatMetricOf(metric, value)}
      />
    </Section>
  )
}

interface ChoosersProps {
  readonly metric: string
  readonly onMetric: (metric: string) => void
  readonly axis: XAxis
  readonly onAxis: (axis: XAxis) => void
}

function Choosers({ metric, onMetric, axis, onAxis }: ChoosersProps) {
  return (
    <div className="actions">
      <label>
        Metric{' '}
        <select aria-label="Metric" value={metric} onChange={({ target }) => onMetric(target.value)}>
          {METRIC_KEYS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        By{' '}
        <select
          aria-label="By"
          value={axis}
          onChange={({ target }) => onAxis(X_AXES.find((one) => one === target.value) ?? 'step')}
        >
          {X_AXES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </div>
  )
}
