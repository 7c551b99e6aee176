/**
 * One trainer child: a request goes in, events come out, then it is gone.
 *
 *   starting ──started──→ stepping ──done | exported | failed──→ exited
 *       └──────────┬──────────┘ silent for too long: stalled, killed
 *
 * A process that is alive but hangs in a driver answers nothing and holds its device: only silence shows it. A child that
 * starts may trace and compile for minutes; one that steps is expected within 20 of its own median steps. A protocol of an
 * evaluation is computed in one go: whoever asks for one says how long that may take.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { WorkEvent, WorkRequest } from '../protocol/trainer-messages.ts'
import { Child, type ChildExit } from './child.ts'

export interface TrainerExit extends ChildExit {
  readonly hasStalled: boolean
}

export interface TrainerProcess {
  readonly pid: number | undefined
  readonly events: AsyncIterable<WorkEvent>
  readonly exited: Promise<TrainerExit>
  /** The trainer writes a checkpoint and ends; it is killed when it takes longer than the grace. */
  stop(graceMs: number): void
  kill(): void
}

export interface SilenceLimits {
  /** Until the first event. */
  readonly startMs: number
  /** Between two events, at the least. */
  readonly stepMs: number
}

export interface TrainerOptions {
  /** Path of src/bin/trainer.ts, or of a stand-in. */
  readonly entry: string
  readonly clock: Clock
  readonly logger: Logger
  readonly silence?: SilenceLimits
  /** One that waits already for its request. */
  readonly child?: Child<WorkEvent> | undefined
}

const DEFAULT_SILENCE: SilenceLimits = { startMs: 30 * 60_000, stepMs: 5 * 60_000 }
const MEDIANS = 20
const KEPT_INTERVALS = 33

export function startTrainer(request: WorkRequest, options: TrainerOptions): TrainerProcess {
  const { entry, clock, logger, silence = DEFAULT_SILENCE } = options
  const child = options.child ?? new Child<WorkEvent>({ entry, output: logger })
  const watch = watchSilence(clock, silence, () => {
    logger.error({ pid: child.pid }, 'trainer is silent for too long and is killed')
    child.kill()
  })
  const exited = child.exited.then((exit) => {
    watch.end()
    return { ...exit, hasStalled: watch.hasFired() }
  })
  child.send(request)
  return {
    pid: child.pid,
    exited,
    kill: child.kill,
    stop: (graceMs) => void child.stop(graceMs, { type: 'stop' }),
    events: heard(child.messages, watch)
  }
}

async function* heard(messages: AsyncIterable<WorkEvent>, watch: SilenceWatch): AsyncGenerator<WorkEvent> {
  for await (const event of messages) {
    watch.hear(event.type === 'step')
    yield event
  }
}

interface SilenceWatch {
  hear(isStep: boolean): void
  hasFired(): boolean
  end(): void
}

function watchSilence(clock: Clock, limits: SilenceLimits, fire: () => void): SilenceWatch {
  const ended = new AbortController()
  const intervals: number[] = []
  let heardAt = clock.now()
  let hasStarted = false
  let hasFired = false

  const limitMs = (): number => {
    if (!hasStarted) return limits.startMs
    const sorted = [...intervals].sort((a, b) => a - b)
    return Math.max(limits.stepMs, MEDIANS * (sorted[sorted.length >> 1] ?? 0))
  }
  const loop = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const left = heardAt + limitMs() - clock.now()
      if (left <= 0) {
        hasFired = true
        return fire()
      }
      await clock.sleep(left, ended.signal).catch(() => {}) // rejects only when this watch is ended
    }
  }
  void loop()
  return {
    hear(isStep) {
      const now = clock.now()
      if (isStep && hasStarted) intervals.push(now - heardAt)
      if (intervals.length > KEPT_INTERVALS) intervals.shift()
      hasStarted = true
      heardAt = now
    },
    hasFired: () => hasFired,
    end: () => ended.abort()
  }
}
