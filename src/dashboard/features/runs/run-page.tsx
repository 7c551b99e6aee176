import { useMemo, useState } from 'react'
import type { Run } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { createPointedStep, PointedStepContext } from '../../charts/pointed-step.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { runQuery } from '../../data/queries/runs.ts'
import { useResource } from '../../data/use-resource.ts'
import { runTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { AlarmBanner } from './alarm-banner.tsx'
import { Checkpoints } from './checkpoints.tsx'
import { EventLog } from './event-log.tsx'
import { RecipeSection } from './recipe-section.tsx'
import { RunActions } from './run-actions.tsx'
import { RunCharts } from './run-charts.tsx'
import { RunEvaluation } from './run-evaluation.tsx'
import { RunHeader } from './run-header.tsx'
import { useMetrics } from './use-metrics.ts'
import { useRunEvents } from './use-run-events.ts'
import { Vitals } from './vitals.tsx'

export function RunPage({ id }: { readonly id: string }) {
  const { data: run, problem, retry } = useResource(runQuery(useClient(), id))
  const parent = { href: href.runs(), name: 'Runs' }
  if (run === null) {
    return (
      <PageFrame title="Run" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="run" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={runTitle(run)} parent={parent} actions={<RunActions run={run} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <LiveRun run={run} />
    </PageFrame>
  )
}

function LiveRun({ run }: { readonly run: Run }) {
  const events = useRunEvents(run.id, run.resumed_at)
  const [range, setRange] = useState<readonly [number, number] | null>(null)
  const pointed = useMemo(createPointedStep, [])
  const live = withProgress(run, events.progress?.data ?? null)
  const metrics = useMetrics({ runId: run.id, range, step: live.progress.step })
  return (
    <>
      <RunHeader run={live} />
      {events.alarm && <AlarmBanner alarm={events.alarm} />}
      <Vitals run={live} columns={metrics.columns} isLoading={metrics.isLoading} events={events} />
      {metrics.problem && <ProblemNotice problem={metrics.problem} />}
      <PointedStepContext value={pointed}>
        <RunCharts run={live} metrics={metrics} range={range} onZoom={setRange} />
        <RunEvaluation run={live} />
      </PointedStepContext>
      <Checkpoints run={run} />
      <EventLog events={events} />
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
  // What the last leg said of its speed is no promise while nobody trains.
  if (run.status !== 'running') return { ...run, progress }
  const images_per_second = number('images_per_second', run.images_per_second)
  return { ...run, progress, images_per_second, eta_s: number('eta_s', run.eta_s) }
}
