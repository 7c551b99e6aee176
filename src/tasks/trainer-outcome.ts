/** How a trainer's last words and its exit are to be read. Pure. */

import type { TrainerExit } from '../processes/trainer-process.ts'
import type { DoneEvent, FailedEvent } from '../protocol/training-events.ts'
import type { LegOutcome } from '../services/runs/leg-rules.ts'
import type { StopReason } from './leg-control.ts'

export interface TrainerEnd {
  readonly last: DoneEvent | FailedEvent | null
  readonly exit: TrainerExit
  /** Steps completed, as far as it said. */
  readonly lastStep: number | null
}

/** Says what happened to this process, not to the run: another try may do better. */
const INFRASTRUCTURE = ['storage_full', 'disk_unusable', 'storage_unavailable', 'database_unavailable'] as const

export function outcomeOfTrainer(
  end: TrainerEnd,
  stopReason: StopReason | null,
  committedStep: number | null
): LegOutcome {
  const { last, exit, lastStep } = end
  if (last?.type === 'done' && last.reason === 'completed') {
    if (committedStep === last.step) return { type: 'completed', step: last.step }
    const message = `The trainer ended at step ${last.step} without a checkpoint of it.`
    return { type: 'failed', code: 'trainer_crashed', message, step: last.step }
  }
  if (last?.type === 'failed') {
    const { code, message, step } = last
    const reason = INFRASTRUCTURE.find((known) => known === code)
    return reason === undefined ? { type: 'failed', code, message, step } : { type: 'interrupted', reason, message }
  }
  if (exit.hasStalled) {
    return { type: 'interrupted', reason: 'trainer_stalled', message: 'The trainer was silent for too long.' }
  }
  if (stopReason === 'leg-limit') return { type: 'leg-ended' }
  if (stopReason === 'user' || stopReason === 'deadline') return { type: 'stopped' }
  if (stopReason === 'drain' || last?.type === 'done') {
    return { type: 'interrupted', reason: 'preempted', message: 'The worker was told to end.' }
  }
  if (exit.signal !== null) {
    const message = `The trainer was killed by ${exit.signal} after step ${lastStep ?? 0}.`
    return { type: 'interrupted', reason: 'trainer_killed', message }
  }
  const message = `The trainer ended with code ${exit.code}: ${tellingLine(exit.lastLines)}`
  return { type: 'failed', code: 'trainer_crashed', message, step: lastStep }
}

/** Of a stack trace, the line with the error; it is the same each time the same thing happens. */
export function tellingLine(lines: readonly string[]): string {
  // Frames name files of this machine, and nothing that a user could do something about.
  const told = lines.filter((line) => !/^\s*(at |\d+: 0x)/.test(line))
  return (told.find((line) => /^\s*(Uncaught )?\w*Error\b/.test(line)) ?? told.at(-1) ?? 'it said nothing').trim()
}
