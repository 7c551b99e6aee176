/** Which states of a run are ends. A status that the API adds does not compile until it is named here. */
import type { Run, RunStatus } from './resources.ts'

const IS_END = {
  queued: false,
  starting: false,
  running: false,
  pausing: false,
  paused: false,
  cancelling: false,
  cancelled: true,
  succeeded: true,
  failed: true
} as const satisfies Record<RunStatus, boolean>

/** In the order in which a run passes through them. */
export const RUN_STATUSES = Object.keys(IS_END) as readonly RunStatus[] // the keys of the record above

export const isFinished = ({ status }: Pick<Run, 'status'>): boolean => IS_END[status]
