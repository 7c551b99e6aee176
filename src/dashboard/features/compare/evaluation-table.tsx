import { useQueries } from '@tanstack/react-query'
import type { Run } from '../../../client/resources.ts'
import { Skeleton, Table } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { runEvaluationsQuery } from '../../data/queries/evaluations.ts'
import { formatMetric } from '../../evaluation-metrics.ts'
import { runTitle } from '../../resource-titles.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { evaluationRows, type Measured } from './evaluation-rows.ts'

export function EvaluationTable({ runs }: { readonly runs: readonly Run[] }) {
  const client = useClient()
  const answers = useQueries({ queries: runs.map(({ id }) => runEvaluationsQuery(client, id)) })
  const problem = answers.map(problemOf).find((one) => one !== null)
  const rows = evaluationRows(answers.map(({ data }) => data ?? []))
  const isLoading = answers.some(({ isPending }) => isPending)
  return (
    <Section
      title="Evaluations"
      hint="Of the models that these runs became. A row has one protocol, one dataset and one set of settings; on hover, the 95 % interval."
    >
      {problem && <ProblemNotice problem={problem} />}
      {isLoading && !problem && <Skeleton label="evaluations" />}
      {!isLoading && rows.length === 0 && <div className="empty">None of their models was evaluated.</div>}
      {rows.length > 0 && (
        <Table
          label="Evaluations of the runs"
          columns={['Protocol', 'Metric', 'On', ...runs.map(runTitle)]}
          rows={rows.map(({ key, protocol, metric, dataset, queries, settings, values }) => ({
            key,
            cells: [
              <span key="protocol" title={settings}>
                {protocol}
              </span>,
              metric,
              <span key="on">
                <ResourceLink id={dataset} />
                {queries !== null && (
                  <>
                    , judging <ResourceLink id={queries} />
                  </>
                )}
              </span>,
              ...values.map((value, index) => <Value key={runs[index]?.id} metric={metric} value={value} />)
            ]
          }))}
        />
      )}
    </Section>
  )
}

function Value({ metric, value }: { readonly metric: string; readonly value: Measured | undefined }) {
  if (value === undefined) return <>–</>
  return (
    <b title={`${formatMetric(metric, value.low)} – ${formatMetric(metric, value.high)}`}>
      {formatMetric(metric, value.value)}
    </b>
  )
}
