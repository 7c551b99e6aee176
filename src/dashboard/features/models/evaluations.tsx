import type { Evaluation, ProtocolResult } from '../../../client/resources.ts'
import { Pager, Skeleton, Table } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { evaluationList } from '../../data/queries/evaluations.ts'
import { useList } from '../../data/use-list.ts'
import { formatMetric } from '../../evaluation-metrics.ts'
import { formatCount, formatPercent } from '../../format.ts'

const COLUMNS = ['Protocol', 'Metric', 'Value', '95 % interval', 'Images judged', 'Settings']

export function Evaluations({ model }: { readonly model: string }) {
  const { items, problem, retry, pager } = useList(evaluationList(useClient(), model))
  const newest = items?.find(({ results }) => results.length > 0)
  return (
    <Section
      title="Evaluations"
      hint="Compare numbers of one protocol on one dataset with equal settings only. An interval is over images or draws, not over training runs."
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items === null && !problem && <Skeleton label="evaluations" />}
      {items?.length === 0 && (
        <div className="empty">
          None yet: <code>POST /v1/evaluations</code> with this model and a dataset queues one.
        </div>
      )}
      {items?.map((evaluation) => (
        <EvaluationResults key={evaluation.id} evaluation={evaluation} isOpen={evaluation === newest} />
      ))}
      <Pager pager={pager} label="Evaluations" />
    </Section>
  )
}

function EvaluationResults({ evaluation, isOpen }: { readonly evaluation: Evaluation; readonly isOpen: boolean }) {
  const { id, name, dataset, queries, status, results, left_out: leftOut, error, created_at: at } = evaluation
  return (
    <details open={isOpen}>
      <summary>
        {name ?? id} on <span className="mono">{dataset}</span>
        {queries === null ? (
          ', each image without itself'
        ) : (
          <>
            , judging <span className="mono">{queries}</span>
          </>
        )}{' '}
        <StatusBadge status={status} /> <Ago at={at} />
      </summary>
      {status === 'running' && <p className="muted small">{progressOf(evaluation)}</p>}
      {error && (
        <div className="notice bad" role="alert">
          <p>{error.message}</p>
        </div>
      )}
      {results.length > 0 && <Table label={`Results of ${id}`} columns={COLUMNS} rows={results.flatMap(rowsOf)} />}
      {leftOut.length > 0 && (
        <p className="muted small">
          Left out: {leftOut.map(({ protocol, reason }) => `${protocol}, which ${reason}`).join('; ')}.
        </p>
      )}
    </details>
  )
}

function progressOf({ progress: { images, total_images: total, protocol, share } }: Evaluation): string {
  if (protocol === null) return `${formatCount(images)} of ${formatCount(total)} images are read.`
  if (share !== null) return `${protocol} is computed: ${formatPercent(share, 0)}.`
  return `${protocol} is computed, on ${formatCount(images)} images.`
}

const rowsOf = ({ protocol, metrics, queries, settings }: ProtocolResult) =>
  Object.entries(metrics).map(([metric, { value, low, high }], index) => {
    const shown = (number: number) => formatMetric(metric, number)
    const asked = (
      <span key="settings" className="small muted" title={settingsText(settings)}>
        {typeof settings['dimensions'] === 'number' ? `first ${settings['dimensions']} dimensions, ` : ''}
        {settings['leave_one_out'] === true ? 'leave one out, ' : ''}seed {String(settings['seed'])}, …
      </span>
    )
    return {
      key: `${protocol} ${metric}`,
      cells: [
        index === 0 ? protocol : '',
        metric,
        <b key="value">{shown(value)}</b>,
        `${shown(low)} – ${shown(high)}`,
        formatCount(queries),
        index === 0 ? asked : ''
      ]
    }
  })

const settingsText = (settings: ProtocolResult['settings']): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('\n')
