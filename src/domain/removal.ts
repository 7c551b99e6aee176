/**
 * Removal in two steps, so that a store that is away delays it and nothing more:
 *
 *   record gone, removal written ──one transaction── a worker removes the objects ──→ removal gone
 *                                                     │ ↑
 *                                                     └─┘ the store was away, or something is left: later, and later still
 */
import { AppError } from '../base/errors.ts'
import type { Run, RunStatus } from './run.ts'

export type RemovedKind =
  | 'run'
  | 'checkpoint'
  | 'model'
  | 'dataset'
  | 'dataset_version'
  | 'upload'
  | 'evaluation'
  | 'vector_set'
  | 'vector_parts'
  | 'file'
  | 'batch'

/** Objects that nobody owns any more. */
export interface NewRemoval {
  readonly projectId: string
  readonly what: RemovedKind
  /** Its id, for those who read the log. */
  readonly subject: string
  /** Of all its objects: with a `/` at the end, or one whole key. */
  readonly prefix: string
  /** Of an upload whose parts were never put together. */
  readonly multipartId: string | null
}

export interface Removal extends NewRemoval {
  /** This one included. */
  readonly tries: number
  readonly createdAt: Date
}

/** What still needs something: ids of those that have not ended. */
export interface Uses {
  readonly runs: readonly string[]
  readonly evaluations: readonly string[]
  /** That are being made. */
  readonly models: readonly string[]
  /** `ds_…@3`, being made. */
  readonly versions: readonly string[]
  readonly vectorSets: readonly string[]
  readonly batches: readonly string[]
}

const MOST_NAMED = 20

/** Ids of what still uses it, for the answer that refuses; null when nothing does. */
export function usedBy({ runs, evaluations, models, versions, vectorSets, batches }: Uses): readonly string[] | null {
  const all = [...runs, ...evaluations, ...models, ...versions, ...vectorSets, ...batches]
  return all.length === 0 ? null : all.slice(0, MOST_NAMED)
}

const FIRST: Partial<Readonly<Record<RunStatus, string>>> = {
  queued: 'cancel or pause it first',
  starting: 'cancel it first',
  running: 'cancel it first',
  pausing: 'wait until it is paused, or cancel it',
  cancelling: 'wait until it is cancelled'
}

/** @throws AppError run_not_deletable for a run that somebody works on or will */
export function checkRunDeletable({ id, status }: Pick<Run, 'id' | 'status'>): void {
  const first = FIRST[status]
  if (first === undefined) return
  throw new AppError('run_not_deletable', { message: `Run ${id} is ${status}: ${first}.`, runId: id })
}
