/**
 * Whether this worker is fit for work. Three pieces of work in a row that failed here and, as far as anybody knows, nowhere
 * else say that something is wrong with it: a full disk, a lost GPU, a bucket that is another one.
 *
 *   working ──three failures──→ resting, 1 min, 2, 4, … 30 ──→ working, on probation: one more failure, and it rests again
 *      ↑                                                          │
 *      └──────────────── something works ─────────────────────────┘
 *
 * What runs meanwhile goes on. A piece of work counts once, however often it fails.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Verdict } from '../services/jobs/job-tries.ts'

/** `worked` also where it failed for a reason of its own. */
export type WorkOutcome = 'worked' | 'failed-here' | 'says-nothing'

export type OnOutcome = (subject: string, outcome: WorkOutcome) => void

export interface Fitness {
  readonly onOutcome: OnOutcome
  /** Null while it works. */
  restsBecause(): string | null
  /** Resolves when no rest is under way any more; aborted by `signal`. */
  settled(): Promise<void>
}

export interface FitnessOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Ends a rest. */
  readonly signal: AbortSignal
  readonly onRest: () => Promise<void>
  readonly onWake: () => Promise<void>
}

const MOST_FAILURES = 3
const FIRST_REST_MS = 60_000
const LONGEST_REST_MS = 30 * 60_000

export function createFitness({ clock, logger, signal, onRest, onWake }: FitnessOptions): Fitness {
  const failed = new Set<string>()
  let rests = 0
  let reason: string | null = null
  let resting = Promise.resolve()

  async function rest(): Promise<void> {
    const ms = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** rests)
    rests += 1
    reason = `${failed.size} pieces of work in a row failed here and nowhere else: ${[...failed].join(', ')}`
    logger.error(
      { restMs: ms, failed: [...failed] },
      'this worker fails at what others do: it takes no new work for a while'
    )
    await onRest()
    await clock.sleep(ms, signal).catch(() => {}) // told to end: there is nothing to wake for
    reason = null
    if (signal.aborted) return
    logger.warn('this worker takes work again')
    await onWake()
  }

  return {
    onOutcome(subject, outcome) {
      if (outcome === 'says-nothing') return
      if (outcome === 'worked') {
        failed.clear()
        rests = 0
        return
      }
      failed.add(subject)
      if (failed.size < MOST_FAILURES || reason !== null) return
      resting = rest().catch((error: unknown) => logger.error({ err: error }, 'this worker could not rest or go on'))
    },
    restsBecause: () => reason,
    settled: () => resting
  }
}

export function outcomeOf(verdict: Verdict): WorkOutcome {
  if (verdict.type === 'not-ours') return 'says-nothing'
  return verdict.isOfNode ? 'failed-here' : 'worked'
}

/** The last thing that a worker does for work that it has to leave; where it cannot, the next charges it with a loss. */
export async function leave({ logger }: { readonly logger: Logger }, giveBack: () => Promise<void>): Promise<void> {
  await giveBack().catch((error: unknown) => logger.warn({ err: error }, 'work could not be given back'))
}
