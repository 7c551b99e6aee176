import type { Evaluation, ProtocolResult } from '../../../client/resources.ts'
import { Table } from '../../components/list.tsx'
import { formatMetric } from '../../evaluation-metrics.ts'
import { formatCount, formatMany, formatPercent } from '../../format.ts'

const COLUMNS = ['Protocol', 'Metric', 'Value', '95 % interval', 'Images judged', 'Settings']

/** How far it is, what it came to, and what it left out or failed of. */
export function EvaluationResults({ evaluation }: { readonly evaluation: Evaluation }) {
  const { id, status, results, left_out: leftOut, error } = evaluation
  return (
    <>
      {status === 'running' && <p className="muted small">{progressOf(evaluation)}</p>}
      {error && (
        <div className="notice bad" role="alert">
          <p>{error.message}</p>
          <p className="muted small">
            <code>{error.code}</code>
          </p>
        </div>
      )}
      {results.length > 0 && <Table label={`Results of ${id}`} columns={COLUMNS} rows={results.flatMap(rowsOf)} />}
      {leftOut.length > 0 && (
        <p className="muted small">
          Left out: {leftOut.map(({ protocol, reason }) => `${protocol}, which ${reason}`).join('; ')}.
        </p>
      )}
    </>
  )
}

function progressOf({ progress: { images, total_images: total, protocol, share } }: Evaluation): string {
  if (protocol === null) return `${formatCount(images)} of ${formatMany(total, 'image is', 'images are')} read.`
  if (share !== null) return `${protocol} is computed: ${formatPercent(share, 0)}.`
  return `${protocol} is computed, on ${formatMany(images, 'image')}.`
}

const rowsOf = ({ protocol, metrics, queries, settings }: ProtocolResult) =>
  Object.entries(metrics).map(([metric, { value, low, high }], index) => {
    const shown = (number: number) => formatMetric(metric, number)
    const asked = (
      <span key="settings" className="small muted nowrap" title={settingsText(settings)}>
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
        <span key="interval" className="nowrap">
          {shown(low)} – {shown(high)}
        </span>,
        formatCount(queries),
        index === 0 ? asked : ''
      ]
    }
  })

const settingsText = (settings: ProtocolResult['settings']): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('\n')
