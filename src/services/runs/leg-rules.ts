/**
 * What becomes of a run when a leg ends. Pure: the run as it is, the outcome and the time go in, the decision comes out.
 *
 *   completed                          → succeeded, whatever was asked meanwhile
 *   cancel is asked                    → cancelled
 *   failed for good                    → failed      loss not finite, impossible recipe, the same error twice at one step
 *   the run's time is up               → failed (deadline)
 *   pause is asked                     → paused
 *   leg limit, lost infrastructure, an error for the first time → queued again
 *
 * Lost infrastructure is retried without limit inside the run's time; the wait doubles while no checkpoint gets further.
 */
import type { Run, RunError, RunStatus } from '../../domain/run.ts'

/** Ends that say nothing about the run itself: any worker may go on from the last checkpoint. */
export type Interruption =
  | 'worker_lost'
  | 'preempted'
  | 'trainer_killed'
  | 'trainer_stalled'
  | 'storage_unavailable'
  | 'storage_full'
  | 'database_unavailable'
  | 'database_read_only'

export type LegOutcome =
  | { readonly type: 'completed'; readonly step: number }
  /** The leg's time was up; the next goes on from the checkpoint. */
  | { readonly type: 'leg-ended' }
  /** The trainer stopped because pause or cancel was asked. */
  | { readonly type: 'stopped' }
  | { readonly type: 'interrupted'; readonly reason: Interruption; readonly message: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly step: number | null }

export interface Decision {
  readonly status: RunStatus
  readonly reason: string | null
  readonly error: RunError | null
  /** Seconds until the next leg may start; null when there is none. */
  readonly requeueAfterS: number | null
  /** The next leg is a new one, not another try of this. */
  readonly isNextLeg: boolean
}

const PERMANENT: ReadonlySet<string> = new Set([
  'loss_not_finite',
  'invalid_recipe',
  'dataset_version_not_found',
  'init_unavailable',
  'weights_mismatch'
])
const LONGEST_WAIT_S = 300

/** Since it began or last went on. */
export function isPastDeadline(run: Pick<Run, 'startedAt' | 'resumedAt' | 'compute'>, now: number): boolean {
  const since = run.resumedAt ?? run.startedAt
  return since !== null && now - since.getTime() >= run.compute.maxRuntimeS * 1000
}

/** `attempt` counts tries since the last checkpoint: none wasted waits 0 s, then 1, 3, 7, … s. */
export const backoffS = (attempt: number): number => Math.min(LONGEST_WAIT_S, 2 ** Math.min(attempt - 1, 16) - 1)

const isSameError = (known: RunError | null, outcome: Extract<LegOutcome, { type: 'failed' }>): boolean =>
  known !== null && known.code === outcome.code && known.message === outcome.message && known.step === outcome.step

export function decide(run: Run, outcome: LegOutcome, now: number): Decision {
  const ended = { error: null, requeueAfterS: null, isNextLeg: false }
  if (outcome.type === 'completed') return { ...ended, status: 'succeeded', reason: null }
  if (run.desired === 'cancel') return { ...ended, status: 'cancelled', reason: 'user' }
  if (outcome.type === 'failed' && (PERMANENT.has(outcome.code) || isSameError(run.error, outcome))) {
    const { code, message, step } = outcome
    return { ...ended, status: 'failed', reason: code, error: { code, message, retryable: false, step } }
  }
  if (isPastDeadline(run, now)) {
    const message = `The run did not end within ${run.compute.maxRuntimeS} s.`
    const error = { code: 'deadline', message, retryable: false, step: run.progress.step }
    return { ...ended, status: 'failed', reason: 'deadline', error }
  }
  if (run.desired === 'pause') return { ...ended, status: 'paused', reason: pauseReason(run), error: run.error }
  return queuedAgain(run, outcome)
}

function queuedAgain(run: Run, outcome: LegOutcome): Decision {
  const queued = { status: 'queued', error: run.error, isNextLeg: false } as const
  switch (outcome.type) {
    case 'interrupted':
      return { ...queued, reason: outcome.reason, requeueAfterS: backoffS(run.attempt) }
    case 'failed': {
      const { code, message, step } = outcome
      const error = { code, message, retryable: true, step }
      return { ...queued, reason: code, error, requeueAfterS: Math.max(1, backoffS(run.attempt)) }
    }
    default:
      return { ...queued, reason: 'waiting_for_worker', requeueAfterS: 0, isNextLeg: true }
  }
}

const pauseReason = (run: Run): string => (run.statusReason?.startsWith('alarm:') ? run.statusReason : 'user')
