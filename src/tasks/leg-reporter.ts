/**
 * What a trainer says, on its way into the database: start, steps, alarms, in this order. Training never waits for it.
 * While the database is away everything is kept, steps up to a bound: then every second step is dropped, so that the
 * curve keeps its shape (step-buffer.ts), and the run is told how many points are missing.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { isOutage } from '../base/outages.ts'
import type { Lease, Run, RunProgress } from '../domain/run.ts'
import type { StartedEvent, StepEvent } from '../protocol/training-events.ts'
import type { LegRecords, RaisedAlarm } from '../services/runs/leg-records.ts'
import type { LegService } from '../services/runs/legs.ts'
import type { StepReport } from '../services/runs/step-reports.ts'
import type { LegControl } from './leg-control.ts'
import { retryOutages } from './retry.ts'
import { createStepBuffer, pointsOf } from './step-buffer.ts'
import { createStepRate, type StepRate } from './step-rate.ts'
import type { Usage } from './usage-reports.ts'

export interface LegReporter {
  started(event: StartedEvent): void
  /** @param usage of the machine, still being read: what is written of the step waits for it */
  step(event: StepEvent, usage?: Usage | null): void
  alarm(alarm: RaisedAlarm): void
  /** The latest value of each metric that the trainer said. */
  latest(): Readonly<Record<string, number>>
  /** Steps completed, as far as this trainer said. */
  lastStep(): number | null
  /** Writes what was said until now. @throws what that throws: outages too, and what was said waits on then */
  write(): Promise<void>
  /** Writes what is left. @throws what the last attempt threw, when the leg is gone or the database stays away */
  finish(giveUp: AbortSignal): Promise<void>
  /** Ends it without writing anything more. */
  close(): void
}

export interface ReporterOptions {
  readonly run: Run
  readonly lease: Lease
  readonly legs: LegService
  readonly records: LegRecords
  readonly control: LegControl
  readonly clock: Clock
  readonly logger: Logger
}

const FLUSH_MS = 1000
/** Progress events: one in a hundredth of the time passed, at least every minute, at most every second. */
const PROGRESS_MS = { least: 1000, most: 60_000, share: 0.01 }

export function createLegReporter({ run, control, clock, logger, ...writers }: ReporterOptions): LegReporter {
  const finished = new AbortController()
  const said: Said = { start: null, last: null, latest: {}, alarms: [], rate: createStepRate(clock) }
  const steps = createStepBuffer()
  const isProgressDue = progressPace(clock)
  let isStartWritten = false
  let usages: Promise<void> = Promise.resolve()
  let tail = Promise.resolve()

  async function writeAll(): Promise<void> {
    const { lease, legs, records } = writers
    if (said.start !== null && !isStartWritten) {
      await legs.started(lease, { ...said.start, epoch: epochOf(said.start) })
      isStartWritten = true
    }
    for (let alarm = said.alarms[0]; alarm !== undefined; alarm = said.alarms[0]) {
      await records.raiseAlarm(lease, alarm)
      said.alarms.shift()
    }
    // A checkpoint of the step may be committed next, and what it lacks is lost to a kill.
    await usages
    if (!steps.isEmpty()) await writeSteps()
  }

  async function writeSteps(): Promise<void> {
    const batch = steps.take()
    const event = finished.signal.aborted || isProgressDue() ? { ...said.latest } : null
    const points = pointsOf(batch.steps)
    try {
      const report = { ...positionOf(run, said), points, event, dropped: batch.dropped }
      control.wish(await writers.records.recordSteps(writers.lease, report))
    } catch (error) {
      steps.putBack(batch)
      throw error
    }
  }

  /** One write at a time. An outage keeps everything for the next; a lost lease ends the leg. */
  const flush = (): Promise<void> => {
    tail = tail.then(writeAll).catch((error: unknown) => {
      if (isOutage(error)) logger.warn({ err: error }, 'metrics wait for the database')
      else control.lose(error)
    })
    return tail
  }
  async function addUsage(step: number, usage: Usage, before: Promise<void>): Promise<void> {
    await before
    steps.add({ step, metrics: await usage })
  }

  const looping = flushEvery(FLUSH_MS, flush, { clock, ended: AbortSignal.any([finished.signal, control.gone]) })

  return {
    started(event) {
      said.start = event
      void flush()
    },
    step(event, usage = null) {
      control.progress()
      const isFirst = said.last === null
      said.last = event
      Object.assign(said.latest, event.metrics)
      said.rate.arrive()
      steps.add(event)
      if (usage !== null) usages = addUsage(event.step, usage, usages)
      // Who has waited for the run to begin need not wait for the second to be over.
      if (isFirst) void flush()
    },
    alarm(alarm) {
      said.alarms.push(alarm)
      void flush()
    },
    write() {
      const written = tail.then(writeAll)
      tail = written.catch(() => {}) // whoever asked hears of it
      return written
    },
    latest: () => said.latest,
    lastStep: () => said.last?.step ?? said.start?.step ?? null,
    close: () => finished.abort(),
    async finish(giveUp) {
      finished.abort()
      await looping
      await tail
      if (control.gone.aborted) throw control.gone.reason
      await retryOutages(writeAll, { clock, logger, signal: giveUp })
    }
  }
}

/** What the trainer has said so far, as far as it is still of use. */
interface Said {
  start: StartedEvent | null
  last: StepEvent | null
  readonly latest: Record<string, number>
  readonly alarms: RaisedAlarm[]
  readonly rate: StepRate
}

const epochOf = ({ step, stepsPerEpoch }: StartedEvent): number => Math.floor(step / Math.max(1, stepsPerEpoch))

function positionOf(run: Run, { start, last, rate }: Said): Pick<StepReport, 'progress' | 'imagesPerSecond' | 'etaS'> {
  const { batchSize } = run.recipe.hyperparameters
  const step = last?.step ?? run.progress.step
  const totalSteps = start?.totalSteps ?? run.progress.totalSteps
  const progress: RunProgress = {
    step,
    totalSteps,
    epoch: last?.epoch ?? run.progress.epoch,
    percent: totalSteps === 0 ? 100 : (100 * step) / totalSteps,
    imagesSeen: step * batchSize
  }
  const stepS = rate.secondsPerStep()
  if (stepS === null) return { progress, imagesPerSecond: null, etaS: null }
  return { progress, imagesPerSecond: batchSize / stepS, etaS: (totalSteps - step) * stepS }
}

/** Answers whether an event is due, and counts it as sent. */
function progressPace(clock: Clock): () => boolean {
  const { least, most, share } = PROGRESS_MS
  const startedAt = clock.now()
  let sentAt = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.now()
    if (now - sentAt < Math.min(most, Math.max(least, (now - startedAt) * share))) return false
    sentAt = now
    return true
  }
}

async function flushEvery(
  ms: number,
  flush: () => Promise<void>,
  { clock, ended }: { readonly clock: Clock; readonly ended: AbortSignal }
): Promise<void> {
  while (!ended.aborted) {
    await clock.sleep(ms, ended).catch(() => {}) // ended: leaves the loop
    if (!ended.aborted) await flush()
  }
}
