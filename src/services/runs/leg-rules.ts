/**
 * What becomes of a run when a leg ends. Pure: the run as it is, the outcome and the time go in, the decision comes out.
 *
 *   completed                          → succeeded, whatever was asked meanwhile
 *   cancel is asked                    → cancelled
 *   failed for good                    → failed      of the run's own, or tried often enough: domain/blame.ts
 *   the run's time is up               → failed (deadline)
 *   pause is asked                     → paused
 *   leg limit, lost infrastructure, an error for the first time → queued again
 *
 * Outages are waited for without limit inside the run's time. Everything else has a number of tries without getting further,
 * and each is kept with the node that had it until a checkpoint is past it.
 */
import { backoffS, blameOf, type Failure, isForGood, triesInWords, waitAfterS } from '../../domain/blame.ts'
import type { Run, RunError, RunStatus } from '../../domain/run.ts'

/** Ends that say nothing about the run itself: any worker may go on from the last checkpoint. */
export type Interruption =
  | 'worker_lost'
  | 'preempted'
  | 'trainer_killed'
  | 'trainer_stalled'
  | 'storage_unavailable'
  | 'storage_full'
  | 'disk_unusable'
  | 'database_unavailable'
  | 'database_read_only'
  | 'write_conflict'

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
  readonly failures: readonly Failure[]
  /** Seconds until the next leg may start; null when there is none. */
  readonly requeueAfterS: number | null
  /** The next leg is a new one, not another try of this. */
  readonly isNextLeg: boolean
}

/** The moment, who trained, and who else could. */
export interface Circumstances {
  readonly now: number
  readonly node: string
  readonly others: readonly string[]
}

const LONGEST_MESSAGE = 1000

/** Since it began or last went on. */
export function isPastDeadline(run: Pick<Run, 'startedAt' | 'resumedAt' | 'compute'>, now: number): boolean {
  const since = run.resumedAt ?? run.startedAt
  return since !== null && now - since.getTime() >= run.compute.maxRuntimeS * 1000
}

/** Otherwise any worker settles it. */
export const isForTraining = (run: Run, now: Date): boolean =>
  run.desired === 'run' && !isPastDeadline(run, now.getTime())

export function decide(run: Run, outcome: LegOutcome, circumstances: Circumstances): Decision {
  const { now } = circumstances
  const failures = failuresAfter(run, outcome, circumstances)
  const ended = { error: null, failures, requeueAfterS: null, isNextLeg: false }
  if (outcome.type === 'completed') return { ...ended, failures: [], status: 'succeeded', reason: null }
  if (run.desired === 'cancel') return { ...ended, status: 'cancelled', reason: 'user' }
  const failure = failures.length > run.failures.length ? failures.at(-1) : undefined
  if (failure !== undefined && isForGood(failures)) {
    const { code, step } = failure
    const message = failures.length === 1 ? failure.message : `${failure.message} ${triesInWords(failures)}`
    return { ...ended, status: 'failed', reason: code, error: { code, message, retryable: false, step } }
  }
  if (isPastDeadline(run, now)) {
    const message = `The run did not end within ${run.compute.maxRuntimeS} s.`
    const error = { code: 'deadline', message, retryable: false, step: run.progress.step }
    return { ...ended, status: 'failed', reason: 'deadline', error }
  }
  if (run.desired === 'pause') return { ...ended, status: 'paused', reason: pauseReason(run), error: run.error }
  return { ...ended, ...queuedAgain(run, outcome, { failures, others: circumstances.others }) }
}

/** What says nothing about run or node is not kept. */
function failuresAfter(run: Run, outcome: LegOutcome, { now, node }: Circumstances): readonly Failure[] {
  if (outcome.type !== 'failed' && outcome.type !== 'interrupted') return run.failures
  const code = outcome.type === 'failed' ? outcome.code : outcome.reason
  if (blameOf(code) === 'outage') return run.failures
  const step = outcome.type === 'failed' ? outcome.step : run.progress.step
  const message = outcome.message.slice(0, LONGEST_MESSAGE)
  return [...run.failures, { code, message, node, step, at: new Date(now).toISOString() }]
}

type Next = Pick<Decision, 'status' | 'reason' | 'error' | 'requeueAfterS' | 'isNextLeg'>
type Tries = { readonly failures: readonly Failure[]; readonly others: readonly string[] }

function queuedAgain(run: Run, outcome: LegOutcome, { failures, others }: Tries): Next {
  const queued = { status: 'queued', error: run.error, isNextLeg: false } as const
  switch (outcome.type) {
    case 'interrupted': {
      const { reason } = outcome
      // A worker that was told to end has tried nothing, and the next may begin at once.
      if (reason === 'preempted') return { ...queued, reason, requeueAfterS: 0 }
      const waitS = blameOf(reason) === 'outage' ? backoffS(run.attempt) : waitAfterS(failures, others)
      return { ...queued, reason, requeueAfterS: waitS }
    }
    case 'failed': {
      const { code, message, step } = outcome
      const waitS = blameOf(code) === 'outage' ? backoffS(run.attempt) : waitAfterS(failures, others)
      const error: RunError = { code, message, retryable: true, step }
      return { ...queued, reason: code, error, requeueAfterS: Math.max(1, waitS) }
    }
    default:
      return { ...queued, reason: 'waiting_for_worker', requeueAfterS: 0, isNextLeg: true }
  }
}

const pauseReason = (run: Run): string => (run.statusReason?.startsWith('alarm:') ? run.statusReason : 'user')
