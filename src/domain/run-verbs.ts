/**
 * What becomes of a run when a user asks for something, by the status that it has. A status that a verb does not name cannot
 * be asked for it; one that stays as it is has what was asked for already, so that a request may be repeated.
 *
 *   pause    queued → paused · starting | running → pausing, until its worker has written a checkpoint
 *   resume   paused → queued · pausing → running, should its worker have stopped, from the checkpoint that it wrote
 *   cancel   queued | paused → cancelled · starting | running | pausing → cancelling, until its worker has stopped
 *   retry    failed | cancelled → queued, from the newest checkpoint
 *
 * What goes on is looked at again, so it is archived no more.
 */
import { AppError } from '../base/errors.ts'
import type { Run, RunIntent, RunStatus } from './run.ts'

export const RUN_VERBS = ['pause', 'resume', 'cancel', 'retry'] as const
export type RunVerb = (typeof RUN_VERBS)[number]

const BECOMES: Readonly<Record<RunVerb, Partial<Readonly<Record<RunStatus, RunStatus>>>>> = {
  pause: { queued: 'paused', starting: 'pausing', running: 'pausing', pausing: 'pausing', paused: 'paused' },
  resume: { paused: 'queued', pausing: 'running', queued: 'queued', starting: 'starting', running: 'running' },
  cancel: {
    queued: 'cancelled',
    paused: 'cancelled',
    starting: 'cancelling',
    running: 'cancelling',
    pausing: 'cancelling',
    cancelling: 'cancelling',
    cancelled: 'cancelled'
  },
  retry: { failed: 'queued', cancelled: 'queued', queued: 'queued', starting: 'starting', running: 'running' }
}

const INTENTS: Readonly<Record<RunVerb, RunIntent>> = { pause: 'pause', resume: 'run', cancel: 'cancel', retry: 'run' }

/** How each verb is refused by a run that cannot take it. */
export const REFUSALS = {
  pause: 'run_not_pausable',
  resume: 'run_not_resumable',
  cancel: 'run_not_cancelable',
  retry: 'run_not_retryable'
} as const

export type VerbPatch = Partial<Pick<Run, 'desired' | 'status' | 'statusReason' | 'resumedAt' | 'finishedAt'>> &
  Partial<Pick<Run, 'error' | 'failures' | 'attempt' | 'leg' | 'etaS' | 'archived'>>

/**
 * @returns what changes; null for a run that has it already
 * @throws AppError run_not_pausable, run_not_resumable, run_not_cancelable, run_not_retryable
 */
export function askFor(verb: RunVerb, run: Run, at: Date): VerbPatch | null {
  const status = BECOMES[verb][run.status]
  if (status === undefined) {
    const has = run.status === 'succeeded' || run.status === 'failed' ? 'has' : 'is'
    throw new AppError(REFUSALS[verb], { message: `Run ${run.id} ${has} ${run.status}.`, runId: run.id })
  }
  if (status === run.status) return null
  const patch = { status, desired: INTENTS[verb] }
  if (status === 'cancelled') return { ...patch, statusReason: 'user', finishedAt: at }
  // What its worker does until it hears of it ends in another leg.
  if (status === 'running') return { ...patch, statusReason: null, archived: false }
  if (status !== 'queued') return { ...patch, statusReason: 'user' }
  const goesOn = {
    ...patch,
    statusReason: 'waiting_for_worker',
    resumedAt: at,
    attempt: 0,
    failures: [],
    archived: false
  }
  return verb === 'retry' ? { ...goesOn, error: null, finishedAt: null, etaS: null, leg: run.leg + 1 } : goesOn
}
