import type { Run } from '../../../client/resources.ts'
import { isFinished, RUN_STATUSES } from '../../../client/run-status.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { StatusFilter } from '../../components/status-filter.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { runList } from '../../data/queries/runs.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { formatDuration, formatNumber, formatPercent, formatWords } from '../../format.ts'
import { href } from '../../router.ts'

const COLUMNS = ['Status', 'Run', 'Method', 'Progress', 'Images/s', 'Time left', 'Created']

/** `wanted` is from the address, where anything can be written: what is no status is no filter */
export function RunsPage({ status: wanted }: { readonly status: string | null }) {
  const status = RUN_STATUSES.find((one) => one === wanted) ?? null
  const list = useList(runList(useClient(), status))
  return (
    <PageFrame
      title="Runs"
      actions={
        <a className="button primary" href={href.newRun()}>
          New run
        </a>
      }
    >
      <StatusFilter
        statuses={RUN_STATUSES}
        status={status}
        onChange={(chosen) => goTo(href.runs(chosen === null ? {} : { status: chosen }))}
      />
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
