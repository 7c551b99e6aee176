import { withQuery } from '../../api/client.ts'
import type { Page } from '../../api/wire.ts'
import { isFinished, RUN_STATUSES, type Run } from '../../api/wire-runs.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { goTo } from '../../data/use-location.ts'
import { usePage } from '../../data/use-page.ts'
import { formatDuration, formatNumber, formatPercent, formatWords } from '../../format.ts'
import { href } from '../../router.ts'

const PAGE_SIZE = 25
const ACTIVE_POLL_MS = 3000
const IDLE_POLL_MS = 15_000

const COLUMNS = ['Status', 'Run', 'Method', 'Progress', 'Images/s', 'Time left', 'Created']

const pollMs = (page: Page<Run>): number => (page.data.every(isFinished) ? IDLE_POLL_MS : ACTIVE_POLL_MS)

export function RunsPage({ status }: { readonly status: string | null }) {
  const list = usePage<Run>(withQuery('/v1/runs', { status }), PAGE_SIZE, { pollMs })
  return (
    <PageFrame
      title="Runs"
      actions={
        <a className="button primary" href={href.newRun()}>
          New run
        </a>
      }
    >
      <StatusFilter status={status} />
      <List
        list={list}
        label="Runs"
        columns={COLUMNS}
        keyOf={(run) => run.id}
        row={runCells}
        empty={status === null ? <NoRuns /> : <>No run is {formatWords(status)}.</>}
      />
    </PageFrame>
  )
}

const runCells = (run: Run) => [
  <StatusCell key="status" run={run} />,
  <RunName key="name" run={run} />,
  <span key="method">
    {run.resolved_recipe.method} <span className="muted">{run.resolved_recipe.arch}</span>
  </span>,
  <span key="progress" className="progress-cell">
    <ProgressBar percent={run.progress.percent} label={`Progress of ${run.name ?? run.id}`} />
    {formatPercent(Math.floor(run.progress.percent) / 100)}
  </span>,
  isFinished(run) ? '–' : formatNumber(run.images_per_second, 3),
  isFinished(run) ? '–' : formatDuration(run.eta_s),
  <Ago key="created" at={run.created_at} />
]

function StatusCell({ run }: { readonly run: Run }) {
  return (
    <>
      <StatusBadge status={run.status} />
      {run.status_reason && <div className="muted small">{formatWords(run.status_reason)}</div>}
    </>
  )
}

function RunName({ run }: { readonly run: Run }) {
  return (
    <>
      <a href={href.run(run.id)}>{run.name ?? run.id}</a>
      {run.name !== null && <div className="id muted small mono">{run.id}</div>}
      {run.error && <div className="field-error small clip">{run.error.message}</div>}
    </>
  )
}

function NoRuns() {
  return (
    <>
      <p>No run yet.</p>
      <p>
        <a href={href.newRun()}>Start a run</a> on a dataset, or <a href={href.newDataset()}>upload a dataset</a> first.
      </p>
    </>
  )
}

function StatusFilter({ status }: { readonly status: string | null }) {
  return (
    <div className="filter">
      <label htmlFor="run-status">Status</label>
      <select
        id="run-status"
        value={status ?? ''}
        onChange={(event) => goTo(href.runs(event.target.value === '' ? {} : { status: event.target.value }))}
      >
        <option value="">all</option>
        {RUN_STATUSES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </div>
  )
}
