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

/** Of webhooks. */
export interface DeliveryFigures {
  readonly pending: number
  /** How long the one that is longest due could have been sent; null where none is due. */
  readonly oldestDueS: number | null
  /** Since when the oldest that has not arrived is there, whether it is due or waits for its next try; null where there is none. */
  readonly oldestS: number | null
}

/** The installation in numbers, all projects together. */
export interface Figures {
  readonly queues: readonly QueueFigures[]
  readonly runs: Readonly<Record<RunStatus, number>>
  /** Of the run that trains and whose newest checkpoint is the oldest, or its start where it has none; null where none trains. */
  readonly oldestCheckpointS: number | null
  readonly deliveries: DeliveryFigures
}
