/**
 * What a trainer says, on its way into the database: start, steps, alarms, in this order. Training never waits for it.
 * While the database is away everything is kept, steps up to a bound: then every second step is dropped, so that the
 * curve keeps its shape, and the run is told how many points are missing.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Lease, MetricPoint, Run, RunProgress } from '../domain/run.ts'
import type { LegRecords, RaisedAlarm, StepReport } from '../services/leg-records.ts'
import type { LegService } from '../services/legs.ts'
import type { StartedEvent, StepEvent } from '../training/events.ts'
import type { LegControl } from './leg-control.ts'
import { isOutage, retryOutages } from './retry.ts'

export interface LegReporter {
  started(event: StartedEvent): void
  step(event: StepEvent): void
  alarm(alarm: RaisedAlarm): void
  /** The latest value of each metric. */
  latest(): Readonly<Record<string, number>>
  /** Steps completed, as far as this trainer said. */
  lastStep(): number | null
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
/** At 20 metrics a step: the last 10,000 steps, about 10 MB. */
const MOST_STEPS = 10_000
/** Progress events: one in a hundredth of the time passed, at least every minute, at most every second. */
const PROGRESS_MS = { least: 1000, most: 60_000, share: 0.01 }
/** Rates are taken over the steps of the last 30 s, but at least over 20 and at most over 5000. */
const RATE = { leastSteps: 20, mostSteps: 5000, ms: 30_000 }

export function createLegReporter(options: ReporterOptions): LegReporter {
  const { run, lease, legs, records, control, clock, logger } = options
  const startedAt = clock.now()
  const finished = new AbortController()
  const latest: Record<string, number> = {}
  const arrivals: number[] = []
  let start: StartedEvent | null = null
  let startWritten = true
  let steps: StepEvent[] = []
  let alarms: RaisedAlarm[] = []
  let dropped = 0
  let last: StepEvent | null = null
  let progressAt = Number.NEGATIVE_INFINITY
  let tail = Promise.resolve()

  async function writeAll(): Promise<void> {
    if (start !== null && !startWritten) {
      await legs.started(lease, { ...start, epoch: Math.floor(start.step / Math.max(1, start.stepsPerEpoch)) })
      startWritten = true
    }
    for (const alarm of [...alarms]) {
      await records.raiseAlarm(lease, alarm)
      alarms = alarms.filter((one) => one !== alarm)
    }
    if (steps.length > 0) await writeSteps()
  }

  async function writeSteps(): Promise<void> {
    const taken = steps
    const takenDropped = dropped
    steps = []
    dropped = 0
    const isProgressDue = clock.now() - progressAt >= progressIntervalMs(clock.now() - startedAt)
    try {
      const event = isProgressDue || finished.signal.aborted ? { ...latest } : null
      control.wish(
        await records.recordSteps(lease, { ...position(), points: pointsOf(taken), event, dropped: takenDropped })
      )
      if (isProgressDue) progressAt = clock.now()
    } catch (error) {
      steps = [...taken, ...steps]
      dropped += takenDropped
      throw error
    }
  }

  function position(): Pick<StepReport, 'progress' | 'imagesPerSecond' | 'etaS'> {
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
    const elapsedMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)
    if (elapsedMs <= 0) return { progress, imagesPerSecond: null, etaS: null }
    const stepS = elapsedMs / 1000 / (arrivals.length - 1)
    return { progress, imagesPerSecond: batchSize / stepS, etaS: (totalSteps - step) * stepS }
  }

  /** One write at a time. An outage keeps everything for the next; a lost lease ends the leg. */
  const flush = (): Promise<void> => {
    tail = tail.then(writeAll).catch((error: unknown) => {
      if (isOutage(error)) logger.warn({ err: error, steps: steps.length }, 'metrics wait for the database')
      else control.lose(error)
    })
    return tail
  }

  const loop = async (): Promise<void> => {
    while (!finished.signal.aborted && !control.gone.aborted) {
      await clock.sleep(FLUSH_MS, finished.signal).catch(() => {}) // finished: leaves the loop
      if (!finished.signal.aborted) await flush()
    }
  }
  const looping = loop()

  return {
    started(event) {
      start = event
      startWritten = false
      void flush()
    },
    step(event) {
      last = event
      Object.assign(latest, event.metrics)
      steps.push(event)
      arrivals.push(clock.now())
      while (isOld(arrivals, clock.now())) arrivals.shift()
      if (steps.length > MOST_STEPS) {
        const kept = steps.filter((_, i) => i % 2 === 1)
        dropped += pointsOf(steps).length - pointsOf(kept).length
        steps = kept
      }
    },
    alarm(alarm) {
      alarms.push(alarm)
      void flush()
    },
    latest: () => latest,
    lastStep: () => last?.step ?? start?.step ?? null,
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

const isOld = (arrivals: readonly number[], now: number): boolean =>
  arrivals.length > RATE.mostSteps || (arrivals.length > RATE.leastSteps && now - (arrivals[0] ?? now) > RATE.ms)

const progressIntervalMs = (elapsedMs: number): number =>
  Math.min(PROGRESS_MS.most, Math.max(PROGRESS_MS.least, elapsedMs * PROGRESS_MS.share))

const pointsOf = (steps: readonly StepEvent[]): MetricPoint[] =>
  steps.flatMap(({ step, metrics }) => Object.entries(metrics).map(([key, value]) => ({ step, key, value })))
