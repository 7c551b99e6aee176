/**
 * A trainer that waits for its request: reading the program takes a second of a processor, which so nobody who starts a run
 * waits for.
 *
 *   none ──prepare()──→ waiting ──take()──→ somebody's trainer ──exits──→ none ──another is made
 *                          └──died: take() gives none, and the trainer is started as without
 *
 * One is made when no trainer is at work, so that it takes nothing from one that is.
 */
import type { WorkEvent } from '../protocol/trainer-messages.ts'
import type { Child } from './child.ts'
import type { TrainerProcess } from './trainer-process.ts'

export interface SpareTrainer {
  /** Makes one unless one waits or is at work. */
  prepare(): void
  take(): Child<WorkEvent> | undefined
  /** Counts a trainer as at work until it has exited. */
  watch(trainer: TrainerProcess): TrainerProcess
}

/** @param signal aborted when none is needed any more: the one that waits is ended */
export function createSpareTrainer(make: () => Child<WorkEvent>, signal: AbortSignal): SpareTrainer {
  let spare: Child<WorkEvent> | null = null
  let working = 0
  signal.addEventListener('abort', () => spare?.kill(), { once: true })

  function prepare(): void {
    if (signal.aborted || working > 0 || spare?.state === 'running') return
    spare = make()
  }

  return {
    prepare,
    take() {
      const taken = spare
      spare = null
      return taken?.state === 'running' ? taken : undefined
    },
    watch(trainer) {
      working++
      void trainer.exited.then(() => {
        working--
        prepare()
      })
      return trainer
    }
  }
}
