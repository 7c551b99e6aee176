import type { DeviceKind, DeviceWish } from '../base/devices.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import type { PrototypeSurgery } from '../recipe/prototype-surgery.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { Failure } from './blame.ts'
import type { EvaluationOfRun } from './evaluation.ts'
import type { Retention } from './retention.ts'

/**
 * A run is the truth; a queue message is one leg of it.
 *
 *   queued → starting → running → succeeded | failed
 *     ↑         │          │
 *     └─────────┴──────────┘ leg ended, worker lost, storage lost
 *   queued | starting | running → cancelling → cancelled       (queued goes to cancelled at once)
 *   queued | starting | running → pausing → paused → queued            (queued goes to paused at once)
 *   cancelled | failed → queued                                        (when a user asks for it: run-verbs.ts)
 *   paused | cancelled | failed | succeeded → queued                   (when it is made longer: run-extension.ts)
 */
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
export type RunIntent = 'run' | 'pause' | 'cancel'

export interface RunProgress {
  readonly step: number
  readonly totalSteps: number
  readonly epoch: number
  readonly percent: number
  readonly imagesSeen: number
}

export interface RunError {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly step: number | null
}

export interface Compute extends DeviceWish {
  readonly maxRuntimeS: number
  readonly priority: number
}

/** What a leg trains with. */
export interface RunEngine {
  readonly name: string
  /** As the engine calls it. */
  readonly device: string
  readonly deviceKind: DeviceKind
  readonly devices: number
  /** Of matrix products. */
  readonly precision: string
}

export interface CheckpointPolicy extends Retention {
  readonly everyS: number
  readonly keepLast: number
}

export interface Alarm {
  readonly rule: 'collapse'
  readonly action: 'notify' | 'pause'
}

/** As lists show it; the event of the run says what it means. */
export interface RaisedAlarm {
  readonly rule: string
  readonly step: number
  /** RFC 3339. */
  readonly at: string
}

/** A field that is another from here on, as the recipe's files name it; null where there is no such field. */
export interface FieldChange {
  readonly field: string
  readonly before: Json
  readonly after: Json
}

/** Whose whole training state a run goes on from, and what it changes of that run's recipe. */
export interface ForkRecord {
  readonly runId: string
  readonly checkpointId: string
  readonly step: number
  readonly changes: readonly FieldChange[]
  /** Done to its prototypes before the first step; left out for nothing. */
  readonly prototypes?: PrototypeSurgery
}

/** The run was made longer: its schedules are those of so many epochs from this step on. */
export interface Extension {
  readonly step: number
  readonly before: number
  readonly after: number
  /** RFC 3339. */
  readonly at: string
}

export interface Run {
  readonly id: string
  readonly projectId: string
  /** That made it, and as which of its trials, from 1; both null where a user did. */
  readonly sweepId: string | null
  readonly trial: number | null
  readonly name: string | null
  readonly datasetId: string
  readonly datasetVersion: number
  readonly recipe: Recipe
  /** Null where the run begins at random weights. */
  readonly init: InitRecord | null
  /** Null where the run began by itself; what its parent began from is `init` of both. */
  readonly forkedFrom: ForkRecord | null
  /** Oldest first. `recipe` has the newest epochs. */
  readonly extensions: readonly Extension[]
  /** Why it is as it is, a sentence a choice; empty where nothing was chosen. */
  readonly recipeReasons: readonly string[]
  readonly compute: Compute
  readonly checkpoint: CheckpointPolicy
  readonly alarms: readonly Alarm[]
  readonly metadata: JsonObject
  readonly status: RunStatus
  readonly statusReason: string | null
  readonly desired: RunIntent
  /** Raised by every claim; every later write of a worker carries it. */
  readonly leaseEpoch: number
  readonly leaseWorker: string | null
  readonly leaseExpiresAt: Date | null
  readonly leg: number
  readonly attempt: number
  /** Of the newest leg that started to train; null before the first. */
  readonly engine: RunEngine | null
  readonly progress: RunProgress
  readonly imagesPerSecond: number | null
  readonly etaS: number | null
  readonly latestCheckpointId: string | null
  readonly modelId: string | null
  /** Of its model, once that is ready, and of checkpoints before. */
  readonly evaluation: EvaluationOfRun | null
  readonly error: RunError | null
  /** Tries that came to nothing since training last got further, the newest last. */
  readonly failures: readonly Failure[]
  /** The newest that was raised, whatever was done about it; null where none was. */
  readonly lastAlarm: RaisedAlarm | null
  /** By a user, who wants to see it in no list that does not ask for it. */
  readonly archived: boolean
  /** Of the request that made it, as W3C Trace Context writes it; its legs belong to the same trace. Null where there was none. */
  readonly traceparent: string | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  /** When it last went on after it was paused, had failed or was cancelled: its time is counted from here then. */
  readonly resumedAt: Date | null
  readonly finishedAt: Date | null
}

const FINISHED: ReadonlySet<RunStatus> = new Set(['cancelled', 'succeeded', 'failed'])

export const isFinished = (run: Pick<Run, 'status'>): boolean => FINISHED.has(run.status)

export type RunEventType = 'state' | 'progress' | 'checkpoint' | 'alarm' | 'model' | 'evaluation' | 'message'

/** `seq` grows by one per run and event; it is the SSE id. */
export interface RunEvent {
  readonly runId: string
  readonly seq: number
  readonly type: RunEventType
  readonly level: 'info' | 'warn' | 'error'
  readonly data: JsonObject
  readonly createdAt: Date
}

/** Where the log of a run ends. One read: with a status that has ended, `lastSeq` is the last event there is, unless it is tried again. */
export interface LogHead extends Pick<Run, 'projectId' | 'status'> {
  readonly runId: string
  readonly lastSeq: number
}

export type NewRunEvent = Pick<RunEvent, 'type' | 'level' | 'data'>

/** What a worker holds while it works on a leg. */
export interface Lease {
  readonly runId: string
  readonly epoch: number
}

export interface MetricPoint {
  readonly step: number
  readonly key: string
  readonly value: number
}

/** Points of one key, in step order; with `minmax` downsampling each bucket gives its extremes. */
export interface MetricSeries {
  readonly key: string
  readonly steps: readonly number[]
  readonly values: readonly number[]
}
