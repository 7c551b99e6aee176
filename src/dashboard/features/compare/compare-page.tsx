import { useQueries } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { Run } from '../../../client/resources.ts'
import { createPointedStep, PointedStepContext } from '../../charts/pointed-step.ts'
import { Skeleton, Table } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { runQuery } from '../../data/queries/runs.ts'
import { fieldLabel, formatCount, formatDuration, formatField, formatMany, formatNumber } from '../../format.ts'
import type { Json } from '../../json.ts'
import { runTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { RunStatus } from '../runs/run-status.tsx'
import { styleOf } from '../sweeps/sweep-words.ts'
import { CompareCurves } from './compare-curves.tsx'
import { EvaluationTable } from './evaluation-table.tsx'
import { recipeDiff } from './recipe-diff.ts'

/** So many looks there are for lines. */
const MOST = 10

/** @param ids as the address has them: anything can be written there */
export function ComparePage({ ids: asked }: { readonly ids: readonly string[] }) {
  const client = useClient()
  const ids = useMemo(() => [...new Set(asked)].slice(0, MOST), [asked])
  const answers = useQueries({ queries: ids.map((id) => runQuery(client, id)) })
  const runs = answers.flatMap(({ data }) => (data === undefined ? [] : [data]))
  const problems = answers.map(problemOf).filter((one) => one !== null)
  const isLoading = answers.some(({ isPending }) => isPending) && problems.length === 0
  return (
    <PageFrame title="Compare runs" parent={{ href: href.runs(), name: 'Runs' }}>
      {problems[0] && <ProblemNotice problem={problems[0]} />}
      {asked.length > MOST && <p className="muted">The first {MOST} of them are compared.</p>}
      {isLoading && <Skeleton label="runs" />}
      {!isLoading && runs.length === 0 && problems.length === 0 && (
        <div className="empty">
          No run was chosen. <a href={href.runs()}>Choose two or more in the list</a>
        </div>
      )}
      {!isLoading && runs.length > 0 && <Comparison runs={runs} />}
    </PageFrame>
  )
}

function Comparison({ runs }: { readonly runs: readonly Run[] }) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const pointed = useMemo(createPointedStep, [])
  const toggle = (id: string) =>
    setHidden((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]))
  return (
    <>
      <Section title="Runs">
        <Table
          label="Compared runs"
          columns={['Curve', 'Run', 'Status', 'Dataset', 'Step', 'Images seen', 'Images/s', 'Took', 'Model']}
          rows={runs.map((run, index) => ({
            key: run.id,
            cells: [
              <Look key="look" run={run} index={index} isShown={!hidden.has(run.id)} onToggle={toggle} />,
              ...runCells(run)
            ]
          }))}
        />
      </Section>
      <PointedStepContext value={pointed}>
        <CompareCurves runs={runs} hidden={hidden} />
      </PointedStepContext>
      <Differences runs={runs} />
      <EvaluationTable runs={runs} />
    </>
  )
}

const runCells = (run: Run) => [
  <a key="name" href={href.run(run.id)} title={run.id}>
    {runTitle(run)}
  </a>,
  <RunStatus key="status" run={run} />,
  <ResourceLink key="dataset" id={run.dataset} />,
  formatCount(run.progress.step),
  formatCount(run.progress.images_seen),
  formatNumber(run.images_per_second, 3),
  run.started_at === null || run.finished_at === null ? (
    '–'
  ) : (
    <span key="took" className="nowrap">
      {formatDuration((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)}
    </span>
  ),
  run.model === null ? '–' : <ResourceLink key="model" id={run.model} />
]

interface LookProps {
  readonly run: Run
  readonly index: number
  readonly isShown: boolean
  readonly onToggle: (id: string) => void
}

function Look({ run, index, isShown, onToggle }: LookProps) {
  const { color, isDashed } = styleOf(index + 1)
  return (
    <label>
      <input
        type="checkbox"
        checked={isShown}
        aria-label={`Curve of ${runTitle(run)}`}
        onChange={() => onToggle(run.id)}
      />{' '}
      <i className={`swatch c${color}${isDashed ? ' dashed' : ''}`} aria-hidden="true" />
    </label>
  )
}

/** A dataset by its name; what is a number with its unit. */
function Asked({ field, value }: { readonly field: string; readonly value: Json | undefined }) {
  if (value === undefined) return '–'
  return field === 'dataset' && typeof value === 'string' ? <ResourceLink id={value} /> : formatField(field, value)
}

function Differences({ runs }: { readonly runs: readonly Run[] }) {
  const { rows, equal } = recipeDiff(runs)
  return (
    <Section
      title="What differs"
      hint={`${formatMany(equal, 'other field of their recipes is', 'other fields of their recipes are')} the same.`}
    >
      {rows.length === 0 ? (
        <div className="empty">Nothing: they were asked for alike.</div>
      ) : (
        <Table
          label="Differences of their recipes"
          columns={['Field', ...runs.map(runTitle)]}
          rows={rows.map(({ field, values }) => ({
            key: field,
            cells: [
              <span key="field" title={field}>
                {fieldLabel(field)}
              </span>,
              ...values.map((value, run) => <Asked key={runs[run]?.id} field={field} value={value} />)
            ]
          }))}
        />
      )}
    </Section>
  )
}
