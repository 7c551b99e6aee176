import { useQuery } from '@tanstack/react-query'
import type { Run } from '../../../client/resources.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { runMeasurements } from '../../data/queries/runs.ts'
import { formatNumber, formatPercent } from '../../format.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { evaluationCharts } from './evaluation-lines.ts'
import { columnsOf } from './metric-columns.ts'

const share = (value: number): string => formatPercent(value, 1)

/** What evaluations have measured of the run so far: of checkpoints on the way, and of its model. */
export function RunEvaluation({ run, run: { evaluation, progress } }: { readonly run: Run }) {
  const query = useQuery({ ...runMeasurements(useClient(), run.id), enabled: evaluation !== null })
  if (evaluation === null) return null
  const problem = problemOf(query)
  const charts = evaluationCharts(columnsOf(query.data?.series ?? []))
  const every = evaluation.every_epochs
  const begins = every === null ? 'when the model is ready' : `after epoch ${every}`
  const domain = [0, Math.max(1, progress.total_steps)] as const
  return (
    <Section
      title="Evaluation"
      hint={
        <>
          On <ResourceLink id={evaluation.dataset} />, of the checkpoint at each step; intervals and settings are with
          each evaluation.
        </>
      }
    >
      {problem && <ProblemNotice problem={problem} />}
      {charts.length === 0 && !problem && <div className="empty">Nothing is measured yet: it begins {begins}.</div>}
      <div className="charts">
        {charts.map(({ title, lines, isShare }) => (
          <LineChart
            key={title}
            title={title}
            lines={lines}
            domain={domain}
            formatValue={isShare ? share : formatNumber}
            isShare={isShare}
          />
        ))}
      </div>
    </Section>
  )
}
