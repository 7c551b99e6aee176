import { useEffect, useMemo, useRef, useState } from 'react'
import { isFinished, type Run } from '../../api/wire-runs.ts'
import { createPointedStep, PointedStepContext } from '../../charts/pointed-step.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
import { type Resource, useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { AlarmBanner } from './alarm-banner.tsx'
import { Checkpoints } from './checkpoints.tsx'
import { EventLog } from './event-log.tsx'
import { RecipeSection } from './recipe-section.tsx'
import { RunCharts } from './run-charts.tsx'
import { RunHeader } from './run-header.tsx'
import { useMetrics } from './use-metrics.ts'
import { useRunEvents } from './use-run-events.ts'
import { Vitals } from './vitals.tsx'

/** The stream brings changes at once; polling is for when it cannot. */
const POLL_MS = 5000

export function RunPage({ id }: { readonly id: string }) {
  const path = `/v1/runs/${encodeURIComponent(id)}`
  const resource = useResource<Run>(path, { pollMs: (run) => (isFinished(run) ? null : POLL_MS) })
  const { data: run, problem, refresh } = resource
  const parent = { href: href.runs(), name: 'Runs' }
  if (run === null) {
    return (
      <PageFrame title="Run" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={refresh} /> : <Skeleton label="run" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={run.name ?? run.id} parent={parent} actions={<RunActions run={run} onChange={refresh} />}>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      <LiveRun run={run} resource={resource} />
    </PageFrame>
  )
}

function LiveRun({ run, resource: { refresh } }: { readonly run: Run; readonly resource: Resource<Run> }) {
  const latest = useRef(run)
  latest.current = run
  const events = useRunEvents(run.id, () => isFinished(latest.current))
  const [range, setRange] = useState<readonly [number, number] | null>(null)
  const pointed = useMemo(createPointedStep, [])
  const live = withProgress(run, events.progress?.data ?? null)
  const metrics = useMetrics({ runId: run.id, range, step: live.progress.step })

  useEffect(() => {
    if (events.changes > 0) refresh()
  }, [events.changes, refresh])

  return (
    <>
      <RunHeader run={live} />
      {events.alarm && <AlarmBanner alarm={events.alarm} />}
      <Vitals run={live} columns={metrics.columns} events={events} />
      {metrics.problem && <ProblemNotice problem={metrics.problem} />}
      <PointedStepContext value={pointed}>
        <RunCharts run={live} metrics={metrics} range={range} onZoom={setRange} />
      </PointedStepContext>
      <div className="columns">
        <EventLog events={events} />
        <Checkpoints run={live} changes={events.changes} />
      </div>
      <RecipeSection run={run} />
    </>
  )
}

/** Whichever is further, the run that was fetched or the last progress event; a run that has ended is the last word. */
function withProgress(run: Run, data: Readonly<Record<string, unknown>> | null): Run {
  if (data === null || isFinished(run)) return run
  const number = (name: string, otherwise: number | null) => {
    const value = data[name]
    return typeof value === 'number' ? value : otherwise
  }
  const step = number('step', null)
  if (step === null || step < run.progress.step) return run
  const progress = {
    step,
    total_steps: number('total_steps', null) ?? run.progress.total_steps,
    epoch: number('epoch', null) ?? run.progress.epoch,
    percent: number('percent', null) ?? run.progress.percent,
    images_seen: number('images_seen', null) ?? run.progress.images_seen
  }
  const images_per_second = number('images_per_second', run.images_per_second)
  return { ...run, progress, images_per_second, eta_s: number('eta_s', run.eta_s) }
}

function RunActions({ run, onChange }: { readonly run: Run; readonly onChange: () => void }) {
  const client = useClient()
  const cancel = useAction<[]>(async (signal) => {
    await client.send('POST', `/v1/runs/${encodeURIComponent(run.id)}:cancel`, { signal })
    onChange()
  })
  return (
    <>
      {run.model !== null && (
        <a className="button primary" href={href.model(run.model)}>
          Open model
        </a>
      )}
      <a className="button" href={href.newRun({ from: run.id })}>
        Run again
      </a>
      {!isFinished(run) && run.status !== 'cancelling' && (
        <ConfirmButton
          label="Cancel"
          title="Cancel this run?"
          confirm="Cancel the run"
          dismiss="Keep it running"
          action={cancel}
        >
          <p>It ends for good, and no model is made from it. Its checkpoints and metrics stay.</p>
        </ConfirmButton>
      )}
    </>
  )
}
