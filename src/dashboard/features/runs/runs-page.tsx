import { useState } from 'react'
import type { Run } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { runList } from '../../data/queries/runs.ts'
import { useList } from '../../data/use-list.ts'
import { formatDuration, formatNumber, formatPercent } from '../../format.ts'
import { runTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { FirstSteps } from './first-steps.tsx'
import { filterForm, filterOf, isFiltered } from './run-filter.ts'
import { RunFilterFields } from './run-filter-form.tsx'
import { RunStatus } from './run-status.tsx'

const COLUMNS = [
  <span key="compare" className="visually-hidden">
    Compare
  </span>,
  'Status',
  'Run',
  'Dataset',
  'Method',
  'Progress',
  'Images/s',
  'Time left',
  'Created'
]

export function RunsPage({ query }: { readonly query: URLSearchParams }) {
  const form = filterForm(query)
  const filter = filterOf(form)
  const list = useList(runList(useClient(), filter))
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const toggle = (id: string) =>
    setChosen((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]))
  const isEmpty = !isFiltered(filter) && list.items?.length === 0
  return (
    <PageFrame
      title="Runs"
      actions={
        <>
          {chosen.size > 0 && <CompareLink chosen={chosen} onClear={() => setChosen(new Set())} />}
          <a className="button primary" href={href.newRun()}>
            New run
          </a>
        </>
      }
    >
      {!isEmpty && <RunFilterFields key={`${form.name} ${form.note}`} form={form} />}
      <List
        list={list}
        label="Runs"
        columns={COLUMNS}
        keyOf={(run) => run.id}
        row={(run) => [
          <input
            key="choose"
            type="checkbox"
            aria-label={`Compare ${runTitle(run)}`}
            checked={chosen.has(run.id)}
            onChange={() => toggle(run.id)}
          />,
          ...runCells(run)
        ]}
        empty={isFiltered(filter) ? 'No run is like that.' : <FirstSteps />}
      />
    </PageFrame>
  )
}

interface CompareProps {
  readonly chosen: ReadonlySet<string>
  readonly onClear: () => void
}

/** Runs of other pages and filters stay chosen. */
function CompareLink({ chosen, onClear }: CompareProps) {
  return (
    <>
      <button type="button" className="quiet" onClick={onClear}>
        Choose none
      </button>
      {chosen.size === 1 ? (
        <span className="muted small">Choose another run to compare with.</span>
      ) : (
        <a className="button" href={href.compareRuns([...chosen])}>
          Compare {chosen.size} runs
        </a>
      )}
    </>
  )
}

const runCells = (run: Run) => [
  <RunStatus key="status" run={run} />,
  <RunName key="name" run={run} />,
  <ResourceLink key="dataset" id={run.dataset} />,
  <span key="method">
    <span className="nowrap">{run.resolved_recipe.method}</span>{' '}
    <span className="muted">{run.resolved_recipe.arch}</span>
  </span>,
  <span key="progress" className="progress-cell">
    <ProgressBar percent={run.progress.percent} label={`Progress of ${runTitle(run)}`} />
    {formatPercent(Math.floor(run.progress.percent) / 100)}
  </span>,
  isFinished(run) ? '–' : formatNumber(run.images_per_second, 3),
  isFinished(run) ? '–' : formatDuration(run.eta_s),
  <Ago key="created" at={run.created_at} />
]

function RunName({ run, run: { id, archived, metadata, error } }: { readonly run: Run }) {
  return (
    <>
      {archived && <span className="badge">archived</span>}{' '}
      <a href={href.run(id)} title={id}>
        {runTitle(run)}
      </a>
      {Object.keys(metadata).length > 0 && <Notes metadata={metadata} />}
      {error && <div className="field-error small clip">{error.message}</div>}
    </>
  )
}

/** Each shows all runs that have it. */
function Notes({ metadata }: Pick<Run, 'metadata'>) {
  return (
    <ul className="chips">
      {Object.entries(metadata).map(([name, value]) => (
        <li key={name} className="clip">
          <a href={href.runs({ note: `${name}=${value}` })} title={`All runs with ${name} ${value}`}>
            {name} {value}
          </a>
        </li>
      ))}
    </ul>
  )
}
