import { useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import type { SweepComparison, SweepTrial } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import type { Line } from '../../charts/line.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { curveQuery } from '../../data/queries/curves.ts'
import { columnsOf } from '../runs/metric-columns.ts'
import { curvesOf, formatMetricOf, styleOf } from './sweep-words.ts'

interface Props {
  readonly sweep: SweepComparison
  /** Trials that are not drawn. */
  readonly hidden: ReadonlySet<number>
}

const TALL = 320

type StartedTrial = SweepTrial & { readonly run: string; readonly status: NonNullable<SweepTrial['status']> }

/** What has not taken a step has no points to ask for. */
const isStarted = (trial: SweepTrial): trial is StartedTrial =>
  trial.run !== null && trial.status !== null && (trial.progress?.step ?? 0) > 0

/** One metric of all trials in one chart. */
export function SweepCurves({ sweep, hidden }: Props) {
  const names = curvesOf(sweep)
  const [metric, setMetric] = useState(names[0] ?? 'loss')
  const [range, setRange] = useState<readonly [number, number] | null>(null)
  const client = useClient()
  const trials = sweep.trials.filter(isStarted).filter(({ trial }) => !hidden.has(trial))
  const curves = useQueries({
    queries: trials.map(({ run: runId, status }) =>
      curveQuery(client, { runId, metric, isOpen: !isFinished({ status }) })
    )
  })
  const problem = curves.map(problemOf).find((one) => one !== null)
  const lines = trials.map(({ trial }, index): Line => {
    const series = columnsOf(curves[index]?.data ?? [])[metric] ?? { steps: [], values: [] }
    return { label: `#${trial}`, series, ...styleOf(trial) }
  })
  const end = Math.max(1, ...sweep.trials.map(({ progress }) => progress?.total_steps ?? 1))
  const select = (
    <label>
      Metric{' '}
      <select value={metric} onChange={(event) => setMetric(event.target.value)}>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
  return (
    <Section
      title="Curves"
      hint="Drag to look closer, Escape shows all steps; the table below says which trials are drawn."
      actions={select}
    >
      {problem && <ProblemNotice problem={problem} />}
      <LineChart
        title={metric}
        lines={lines}
        domain={range ?? [0, end]}
        onZoom={setRange}
        height={TALL}
        formatValue={(value) => formatMetricOf(metric, value)}
      />
    </Section>
  )
}
