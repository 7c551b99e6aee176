/**
 * What the machine of a worker trains with, asked of a child of its own: a plugin may take seconds to load, hang in a
 * driver or crash, and whoever holds leases must not.
 *
 *   unknown ──look──→ looking ──answer, crash, late──→ known, for good
 *      ↑                                       └─ known to train nothing ──a minute──┐
 *      └─────────────────────────────────────────────────────────────────────────────┘
 */

import type { Clock } from '../base/clock.ts'
import type { Machine } from '../base/devices.ts'
import type { Logger } from '../base/log.ts'
import type { ExamineRequest, MachineEvent } from '../protocol/trainer-messages.ts'
import type { FailedEvent } from '../protocol/training-events.ts'
import { Child, type ChildExit } from './child.ts'

export interface MachineOptions {
  /** Path of src/bin/trainer.ts, or of a stand-in. */
  readonly entry: string
  /** Of an engine on the CPU; 0 lets it decide. */
  readonly threads: number
  readonly clock: Clock
  readonly logger: Logger
  /** Ends a look that is under way. */
  readonly signal: AbortSignal
}

/** A driver that is not kept loaded wakes for seconds on every GPU. */
const TIME_LIMIT_MS = 120_000
/** An engine may be installed meanwhile, and a GPU come back. */
const AGAIN_MS = 60_000

/** Looks once, at the first call, and again a minute after it found nothing. Never rejects. */
export function watchMachine(options: MachineOptions): () => Promise<Machine> {
  const { clock, logger } = options
  let known: Promise<Machine> | null = null
  let lastsUntil = 0

  async function look(): Promise<Machine> {
    const machine = await examine(options)
    const { offers, problem } = machine
    if (offers.length === 0) lastsUntil = clock.now() + AGAIN_MS
    if (options.signal.aborted) return machine
    if (offers.length === 0) logger.error({ problem }, 'this machine trains nothing, and no run is taken')
    else if (problem === null) logger.info({ offers }, 'what this machine trains with')
    else logger.warn({ offers, problem }, 'what this machine trains with, less than it could')
    return machine
  }

  return () => {
    if (known === null || clock.now() >= lastsUntil) {
      lastsUntil = Number.POSITIVE_INFINITY
      known = look()
    }
    return known
  }
}

type Answer = MachineEvent | FailedEvent

async function examine({ entry, threads, clock, logger, signal }: MachineOptions): Promise<Machine> {
  const child = new Child<Answer>({ entry, output: logger })
  const answered = new AbortController()
  let isLate = false
  const giveUp = () => {
    isLate = true
    child.kill()
  }
  void clock.sleep(TIME_LIMIT_MS, answered.signal).then(giveUp, () => {}) // rejects when there is an answer
  signal.addEventListener('abort', child.kill, { once: true })
  if (signal.aborted) child.kill()
  const request: ExamineRequest = { type: 'examine', ...(threads === 0 ? {} : { threads }) }
  child.send(request)
  const answer = await child.firstMessage((_: Answer): _ is Answer => true)
  answered.abort()
  child.kill()
  const exit = await child.exited
  signal.removeEventListener('abort', child.kill)
  if (answer?.type === 'machine') return { offers: answer.offers, problem: answer.problem }
  return { offers: [], problem: answer?.message ?? (isLate ? SILENT : epitaph(exit)) }
}

const SILENT = `its engines did not answer within ${TIME_LIMIT_MS / 1000} s`

function epitaph({ code, signal, lastLines }: ChildExit): string {
  const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`
  return `the process that looked at its engines ${how}: ${lastLines.at(-1) ?? 'it said nothing'}`
}
