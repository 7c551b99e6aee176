/** Runs on the wire, as far as the pages read them. */
import type { JsonObject } from './wire.ts'

export const RUN_STATUSES = [
  'queued',
  'starting',
  'running',
  'pausing',
  'paused',
  'cancelling',
  'cancelled',
  'succeeded',
  'failed'
] as const

export type RunStatus = (typeof RUN_STATUSES)[number]

export interface RunProgress {
  readonly step: number
  readonly total_steps: number
  readonly epoch: number
  readonly percent: number
  readonly images_seen: number
}

export interface RunError {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly step: number | null
}

export interface Recipe {
  readonly preset: string
  readonly method: string
  readonly arch: string
  readonly patch_size: number
  readonly seed: number
  readonly hyperparameters: JsonObject
}

export interface Run {
  readonly id: string
  readonly name: string | null
  /** `ds_…@3` */
  readonly dataset: string
  readonly resolved_recipe: Recipe
  readonly compute: JsonObject
  readonly checkpoint: JsonObject
  readonly alarms: readonly { readonly rule: string; readonly action: 'notify' | 'pause' }[]
  readonly metadata: JsonObject
  readonly status: RunStatus
  readonly status_reason: string | null
  readonly leg: number
  readonly attempt: number
  readonly progress: RunProgress
  readonly images_per_second: number | null
  readonly eta_s: number | null
  readonly latest_checkpoint: string | null
  readonly model: string | null
  readonly error: RunError | null
  readonly created_at: string
  readonly started_at: string | null
  readonly finished_at: string | null
}

/** What `:validate` answers: what a run would be, without making one. */
export interface RunPlan {
  readonly resolved_recipe: Recipe
  readonly estimate: JsonObject
}

export interface RunEvent {
  readonly seq: number
  readonly type: string
  readonly level: 'info' | 'warn' | 'error'
  readonly data: JsonObject
  readonly created_at: string
}

export interface MetricColumn {
  readonly key: string
  readonly steps: readonly number[]
  /** Null where a value was not a finite number. */
  readonly values: readonly (number | null)[]
}

export interface Metrics {
  readonly series: readonly MetricColumn[]
}

export interface Checkpoint {
  readonly id: string
  readonly step: number
  readonly epoch: number
  readonly bytes: number
  readonly state_hash: string
  readonly status: string
  readonly metrics: Readonly<Record<string, number | null>>
  readonly created_at: string
}

const FINISHED: ReadonlySet<RunStatus> = new Set(['cancelled', 'succeeded', 'failed'])

export const isFinished = (run: Pick<Run, 'status'>): boolean => FINISHED.has(run.status)
