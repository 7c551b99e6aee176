/** What a person at a terminal sees of a run. Pure: event in, line out. */

import type { TrainerEvent } from '../protocol/trainer-messages.ts'
import type { StartedEvent, StepEvent } from '../protocol/training-events.ts'
import { counted } from './counted.ts'

const BAR_WIDTH = 24
/** Weight of the newest step in the smoothed rate that the time left is computed from. */
const RATE_SMOOTHING = 0.1

export interface ProgressLine {
  readonly text: string
  /** A line that the next one may overwrite on a terminal. */
  readonly isTransient: boolean
}

/** Formats the events of one run. */
export function createProgress(batchSize: number): (event: TrainerEvent) => ProgressLine {
  let started: StartedEvent | null = null
  let secondsPerStep = 0
  let kappa = ''

  const permanent = (text: string): ProgressLine => ({ text, isTransient: false })

  return (event) => {
    if (event.type === 'started') {
      started = event
      return permanent(startLine(event))
    }
    if (event.type === 'step') {
      if (started === null) throw new Error('invariant: a step before the start')
      const seconds = batchSize / event.metrics['images_per_second']!
      secondsPerStep = secondsPerStep === 0 ? seconds : secondsPerStep + RATE_SMOOTHING * (seconds - secondsPerStep)
      kappa = kappaText(event) ?? kappa
      return { text: stepLine(event, { started, secondsPerStep, batchSize, kappa }), isTransient: true }
    }
    if (event.type === 'checkpoint') return permanent(`checkpoint at step ${event.step}: ${event.folder}`)
    if (event.type === 'alarm') return permanent(`ALARM ${event.rule} since step ${event.sinceStep}: ${event.message}`)
    if (event.type === 'failed') {
      return permanent(`failed${started === null ? '' : ` at step ${event.step}`}: ${event.message} (${event.code})`)
    }
    if (event.type === 'exported') return permanent(`model of step ${event.step}: ${event.folder}`)
    if (event.type === 'export_progress') {
      return { text: `model: ${event.stage} ${(100 * event.share).toFixed(0)} %`, isTransient: true }
    }
    const total = started === null ? '' : ` of ${started.totalSteps}`
    return permanent(
      event.reason === 'completed'
        ? `done after ${counted(event.step, 'step')}`
        : `stopped after ${event.step}${total} steps`
    )
  }
}

function startLine({ images, parameters, totalSteps, step, engine, device }: StartedEvent): string {
  const size = `${counted(images, 'image')}, ${(parameters / 1e6).toFixed(2)} M parameters, ${counted(totalSteps, 'step')}`
  return `${size}, engine ${engine} on ${device}${step > 0 ? `, going on after step ${step}` : ''}`
}

function kappaText({ metrics }: StepEvent): string | null {
  const [low, middle, high] = ['kappa_p0', 'kappa_p50', 'kappa_p100'].map((key) => metrics[key])
  return middle === undefined ? null : `  κ ${low!.toFixed(1)}/${middle.toFixed(1)}/${high!.toFixed(1)}`
}

interface Situation {
  readonly started: StartedEvent
  readonly secondsPerStep: number
  readonly batchSize: number
  readonly kappa: string
}

function stepLine({ step, metrics }: StepEvent, { started, secondsPerStep, batchSize, kappa }: Situation): string {
  const { totalSteps, stepsPerEpoch } = started
  const filled = Math.round((BAR_WIDTH * step) / totalSteps)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
  const epoch = `epoch ${Math.ceil(step / stepsPerEpoch)}/${Math.ceil(totalSteps / stepsPerEpoch)}`
  const rate = `${(batchSize / secondsPerStep).toFixed(0)} images/s`
  const left = `${duration((totalSteps - step) * secondsPerStep)} left`
  const losses = `loss ${metrics['loss']!.toFixed(3)}  H(teacher) ${metrics['teacher_entropy']!.toFixed(2)}`
  // A narrow terminal cuts off the end: what people wait for comes first.
  return `${bar} ${epoch}  ${left}  ${rate}  ${losses}${kappa}`
}

function duration(seconds: number): string {
  const whole = Math.round(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, '0'))
  return parts[0]! > 0 ? `${hours}:${minutes}:${rest}` : `${minutes}:${rest}`
}
