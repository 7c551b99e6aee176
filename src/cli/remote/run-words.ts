/** Runs and their events: as lines for people, and as the fields of `--json`. */
import { describeEvent, eventError } from '../../client/event-words.ts'
import type { Model, Run, RunEvent } from '../../client/resources.ts'
import type { Output } from '../output.ts'
import { oneLine } from '../printable.ts'
import { duration, localTime } from './words.ts'

type Data = RunEvent['data']

const BAR_WIDTH = 24
const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const metricsOf = (data: Data): Data => (data['metrics'] ?? {}) as Data // progress events have them as numbers

function measured(data: Data): string[] {
  const metrics = metricsOf(data)
  const shown = (name: string, key: string, digits: number) => {
    const value = numberOf(metrics[key])
    return value === null ? [] : [`${name} ${value.toFixed(digits)}`]
  }
  return [...shown('loss', 'loss', 3), ...shown('H(teacher)', 'teacher_entropy', 2), ...shown('κ', 'kappa_p50', 1)]
}

/** Of a progress event. A narrow terminal cuts off the end: what people wait for comes first. */
export function progressLine(data: Data, epochs: number): string {
  const share = Math.min(1, (numberOf(data['percent']) ?? 0) / 100)
  const filled = Math.round(share * BAR_WIDTH)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${(share * 100).toFixed(0).padStart(3)} %`
  const left = numberOf(data['eta_s'])
  const rate = numberOf(data['images_per_second'])
  const parts = [bar, `epoch ${numberOf(data['epoch']) ?? 0}/${epochs}`]
  if (left !== null) parts.push(`${duration(left)} left`)
  if (rate !== null) parts.push(`${rate.toFixed(0)} images/s`)
  return [...parts, ...measured(data)].join('  ')
}

export function eventWords(event: RunEvent): string {
  if (event.type === 'progress') {
    const { data } = event
    return [`step ${numberOf(data['step']) ?? 0} of ${numberOf(data['total_steps']) ?? '?'}`, ...measured(data)].join(
      '  '
    )
  }
  const error = eventError(event)
  return oneLine(error === null ? describeEvent(event) : `${describeEvent(event)}: ${error}`)
}

export const logLine = (event: RunEvent): string =>
  `${localTime(event.created_at)}  ${event.level.padEnd(5)}  ${event.type.padEnd(10)}  ${eventWords(event)}`

/** `event` is what the API calls `type`, which is the line's own here. */
export const eventFields = ({ run_id: run, seq, type: event, level, data, created_at: createdAt }: RunEvent) => ({
  type: 'event',
  run,
  seq,
  event,
  level,
  data,
  createdAt
})

export function runFields(run: Run) {
  const { id, name, dataset, status, model, error } = run
  const { step, total_steps: totalSteps, epoch, percent } = run.progress
  return {
    type: 'run',
    id,
    name,
    dataset,
    status,
    statusReason: run.status_reason,
    step,
    totalSteps,
    epoch,
    epochs: epochsOf(run),
    percent,
    imagesPerSecond: run.images_per_second,
    etaS: run.eta_s,
    model,
    error,
    createdAt: run.created_at,
    finishedAt: run.finished_at
  }
}

export const epochsOf = ({ resolved_recipe: { hyperparameters } }: Run): number => hyperparameters.epochs

export function runWords({ id, status, status_reason: reason, error }: Run): string {
  const why = error?.message ?? reason?.replaceAll('_', ' ')
  return oneLine(`${id} is ${status}${why ? `: ${why}` : ''}`)
}

export const modelFields = ({ id, name, version, status, bytes, error }: Model) => ({
  type: 'model',
  id,
  name,
  version,
  status,
  bytes,
  error
})

/** The run as it is now. */
export const showRun = (output: Output, run: Run): void => output.show(runFields(run), runWords(run))
