import type { SweepComparison, SweepTrial } from '../../../client/resources.ts'
import { Table } from '../../components/list.tsx'
import { Section } from '../../components/section.tsx'
import { formatCount, formatPercent } from '../../format.ts'
import { href } from '../../router.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { RunStatus } from '../runs/run-status.tsx'
import { fieldName, formatMetricOf, formatValue, styleOf, variedFields } from './sweep-words.ts'

interface Props {
  readonly sweep: SweepComparison
  /** Trials whose curves are not drawn. */
  readonly hidden: ReadonlySet<number>
  readonly onToggle: (trial: number) => void
}

export function TrialTable({ sweep, hidden, onToggle }: Props) {
  const fields = variedFields(sweep)
  const columns = ['Curve', 'Trial', ...fields.map(fieldName), 'Status', 'Progress', ...sweep.metrics, 'Model']
  const rows = sweep.trials.map((trial) => ({
    key: trial.trial,
    cells: [
      <CurveToggle key="curve" trial={trial} isShown={!hidden.has(trial.trial)} onToggle={onToggle} />,
      <TrialName key="trial" trial={trial} standing={sweep.standing} />,
      ...fields.map((field) => formatValue(trial.values[field])),
      <TrialStatus key="status" trial={trial} />,
      trial.progress ? formatPercent(Math.floor(trial.progress.percent) / 100) : '–',
      ...sweep.metrics.map((metric) => <Latest key={metric} trial={trial} metric={metric} />),
      trial.model === null ? '–' : <ResourceLink key="model" id={trial.model} />
    ]
  }))
  return (
    <Section
      title="Trials"
      hint="Metrics are the last points that each trial has, each with its step: trials that go on are at different steps."
    >
      <Table label="Trials" columns={columns} rows={rows} />
    </Section>
  )
}

function CurveToggle({
  trial: { trial },
  isShown,
  onToggle
}: {
  readonly trial: SweepTrial
  readonly isShown: boolean
  readonly onToggle: (trial: number) => void
}) {
  const { color, isDashed } = styleOf(trial)
  return (
    <label>
      <input
        type="checkbox"
        checked={isShown}
        onChange={() => onToggle(trial)}
        aria-label={`Curve of trial ${trial}`}
      />{' '}
      <i className={`swatch c${color}${isDashed ? ' dashed' : ''}`} aria-hidden="true" />
    </label>
  )
}

function TrialName({
  trial,
  standing
}: {
  readonly trial: SweepTrial
  readonly standing: SweepComparison['standing']
}) {
  const name = `#${trial.trial}`
  return (
    <>
      {trial.run === null ? name : <a href={href.run(trial.run)}>{name}</a>}
      {standing?.best?.trial === trial.trial && <b> best</b>}
      {standing?.leading?.trial === trial.trial && <span className="muted"> ahead so far</span>}
    </>
  )
}

function TrialStatus({ trial: { status, status_reason: reason, error } }: { readonly trial: SweepTrial }) {
  if (status === null) return <span className="muted">run removed</span>
  return (
    <>
      <RunStatus run={{ status, status_reason: reason }} />
      {error && <div className="field-error small clip">{error.message}</div>}
    </>
  )
}

function Latest({ trial, metric }: { readonly trial: SweepTrial; readonly metric: string }) {
  const latest = trial.metrics[metric]
  if (!latest) return <>–</>
  return <span title={`step ${formatCount(latest.step)}`}>{formatMetricOf(metric, latest.value)}</span>
}
