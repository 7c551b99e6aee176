import type { Run } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { Facts } from '../../components/facts.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { formatCount, formatDuration, formatMany, formatWords } from '../../format.ts'
import { MetadataFacts } from '../description/metadata-facts.tsx'
import { ResourceLink } from '../names/resource-link.tsx'
import { devicesText, engineText } from './run-engine.ts'

export function RunHeader({ run }: { readonly run: Run }) {
  const { progress, resolved_recipe: recipe } = run
  const epochs = recipe.hyperparameters['epochs']
  return (
    <section className="card run-header" aria-label="State">
      <div className="run-state">
        <StatusBadge status={run.status} />
        {run.status_reason && (
          <span className="muted">{run.status_reason === 'user' ? 'as asked' : formatWords(run.status_reason)}</span>
        )}
        <span className="grow" />
        <span className="mono muted small">{run.id}</span>
      </div>
      <ProgressBar percent={progress.percent} label="Progress" />
      <p className="small">
        <b>{progress.percent.toFixed(1)} %</b> · step {formatCount(progress.step)} of{' '}
        {formatCount(progress.total_steps)} · epoch {progress.epoch} of {String(epochs)} ·{' '}
        {formatMany(progress.images_seen, 'image')} seen
      </p>
      <Facts
        facts={[
          ['Method', recipe.method],
          ['Backbone', `${recipe.arch}, patch ${recipe.patch_size}`],
          ['Dataset', <ResourceLink key="dataset" id={run.dataset} />],
          ...(run.init ? [['Begins from', <InitLink key="init" init={run.init} />] as const] : []),
          ...(run.forked_from ? [['Forked from', <ForkLink key="fork" fork={run.forked_from} />] as const] : []),
          ...(run.extensions.length > 0 ? [['Made longer', lengthsOf(run)] as const] : []),
          ...(run.evaluation ? [['Evaluation', <EvaluationOfRun key="evaluation" run={run} />] as const] : []),
          ...(run.sweep ? [['Sweep', <SweepLink key="sweep" id={run.sweep} trial={run.trial} />] as const] : []),
          ['Engine', engineText(run)],
          ['Devices, precision', devicesText(run)],
          ['Leg, attempt', `${run.leg}, ${run.attempt}`],
          ['Created', <Ago key="created" at={run.created_at} />],
          [
            isFinished(run) ? 'Took' : 'Started',
            isFinished(run) ? tookOf(run) : <Ago key="started" at={run.started_at} />
          ]
        ]}
      />
      <MetadataFacts metadata={run.metadata} />
    </section>
  )
}

function InitLink({ init: { source, id, head } }: { readonly init: NonNullable<Run['init']> }) {
  return (
    <>
      <ResourceLink id={id} />, {source === 'model' ? '' : 'a checkpoint, '}head {head}
    </>
  )
}

function SweepLink({ id, trial }: { readonly id: string; readonly trial: number | null }) {
  return (
    <>
      trial {trial} of <ResourceLink id={id} />
    </>
  )
}

function ForkLink({ fork: { run, step, changes } }: { readonly fork: NonNullable<Run['forked_from']> }) {
  const changed = changes.map(({ field }) => field).join(', ')
  return (
    <>
      <ResourceLink id={run} /> at step {formatCount(step)}
      {changed === '' ? '' : `, with another ${changed}`}
    </>
  )
}

const lengthsOf = ({ extensions }: Run): string =>
  extensions.map(({ before, after, step }) => `${before} to ${after} epochs at step ${formatCount(step)}`).join(', ')

function EvaluationOfRun({ run: { evaluation } }: { readonly run: Run }) {
  if (!evaluation) return null
  const on = <ResourceLink id={evaluation.dataset} />
  const every = evaluation.every_epochs
  const often = every === null ? '' : `, of a checkpoint every ${every === 1 ? 'epoch' : `${every} epochs`}`
  if (evaluation.id === null)
    return (
      <>
        on {on} when the model is ready{often}
      </>
    )
  return (
    <>
      <ResourceLink id={evaluation.id} /> on {on}
      {often}
    </>
  )
}

function tookOf({ started_at, finished_at }: Run): string {
  if (started_at === null || finished_at === null) return '–'
  return formatDuration((Date.parse(finished_at) - Date.parse(started_at)) / 1000)
}
