import type { JobKind } from './job.ts'
import type { RunStatus } from './run.ts'

export interface QueueFigures {
  readonly kind: JobKind
  /** Could be taken now. */
  readonly waiting: number
  /** May be taken later: a retry, or a leg that waits for devices. */
  readonly delayed: number
  readonly active: number
  /** Since when the oldest that waits could have been taken; null where none waits. */
  readonly oldestS: number | null
}

/** The installation in numbers, all projects together. */
export interface Figures {
  readonly queues: readonly QueueFigures[]
  readonly runs: Readonly<Record<RunStatus, number>>
  /** Of the run that trains and whose newest checkpoint is the oldest, or its start where it has none; null where none trains. */
  readonly oldestCheckpointS: number | null
}
