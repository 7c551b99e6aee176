import type { JsonObject } from '../base/json.ts'
import type { RunStatus } from './run.ts'

/** As many as are compared in one answer, and are made in one transaction. */
export const MOST_TRIALS = 64

/** What a varied field of a run's request is set to; what has fields of its own is varied field by field. */
export type SweepValue = number | string | boolean | null | readonly (number | string)[]

/** Between two numbers. On a logarithmic scale each factor is as likely as another of the same size. */
export interface SweepRange {
  readonly min: number
  readonly max: number
  readonly scale: 'linear' | 'log'
  /** The field takes whole numbers only; both ends are among them. */
  readonly isWhole: boolean
}

export type SweepChoice = SweepRange | { readonly values: readonly SweepValue[] }

/** Names are those of a run's request with dots between them: `hyperparameters.learning_rate`. */
type PerField<T> = Readonly<Record<string, T>>

export type SweepSpace =
  | { readonly kind: 'grid'; readonly fields: PerField<readonly SweepValue[]> }
  | {
      readonly kind: 'random'
      readonly fields: PerField<SweepChoice>
      readonly trials: number
      readonly seed: number
    }

export interface SweepObjective {
  /** Name of a metric of runs. */
  readonly metric: string
  readonly direction: 'minimize' | 'maximize'
}

/** Runs that differ in some fields. It has no state of its own: its runs do. */
export interface Sweep {
  readonly id: string
  readonly projectId: string
  readonly name: string | null
  readonly metadata: JsonObject
  /** The request that all trials share, as it was sent. */
  readonly run: JsonObject
  readonly space: SweepSpace
  /** What each trial sets, in their order; trials are numbered from 1. */
  readonly trials: readonly PerField<SweepValue>[]
  readonly objective: SweepObjective | null
  readonly createdAt: Date
}

export type SweepPatch = Partial<Pick<Sweep, 'name' | 'metadata'>>

/** How many runs of a sweep have a status; none is left out but those of no run. */
export interface SweepRuns {
  readonly sweepId: string
  readonly status: RunStatus
  readonly runs: number
}
