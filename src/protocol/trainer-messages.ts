/**
 * What passes between a supervisor and the trainer it forked (`fork(trainer.ts, { serialization: 'advanced' })`); what it is asked besides
 * training has files of its own here.
 * One child does one request and ends: exit code 0 after `done`, `exported`, `evaluated`, `embedded`, `batch_answered`, `mapped` or
 * `machine`, 1 after `failed`. A child whose channel closes ends at once and writes nothing more: whoever held the lease is gone.
 */
import type { DeviceWish, Machine } from '../base/devices.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import type { PrototypeSurgery } from '../recipe/prototype-surgery.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { BatchEvent, BatchRequestMessage } from './batch-messages.ts'
import type { EmbeddingEvent, EmbedRequest, MappingEvent, MapRequest } from './embedding-messages.ts'
import type { EvaluateRequest, EvaluationEvent } from './evaluation-messages.ts'
import type { ExportEvent, ExportRequest, ImportRequest } from './export-messages.ts'
import type { TrainEvent } from './training-events.ts'

/** What a run begins from instead of random weights. */
export interface TrainInit {
  readonly record: InitRecord
  /** On this machine: a model's folder, a checkpoint's, or weights. Left out where the run goes on from a checkpoint of its own. */
  readonly path?: string
}

export interface TrainRequest {
  readonly type: 'train'
  readonly recipe: Recipe
  /** Packed dataset (images/dataset-folder.ts). */
  readonly datasetFolder: string
  /** Checkpoints appear below it as `checkpoints/step-00000140`. */
  readonly outFolder: string
  /** A checkpoint folder; without it the run starts at step 0. */
  readonly resumeFrom?: string
  /** The run is a fork or was extended: the checkpoint may be of another recipe, as far as recipe/forks.ts allows. */
  readonly isFork?: boolean
  /** Of a fork at its parent's checkpoint. */
  readonly surgery?: PrototypeSurgery
  readonly init?: TrainInit
  readonly checkpointEveryS?: number
  readonly checkpointEverySteps?: number
  /** At the end of every so many epochs, unless that would slow the run (training/train.ts). */
  readonly checkpointEveryEpochs?: number
  /** Ends the leg, as `stop` would, after so many steps of this process. */
  readonly maxSteps?: number
  /** What it has to train on; by default whatever the machine's engine computes on. */
  readonly device?: DeviceWish['device']
  /** That share every step, 1 by default. */
  readonly devices?: number
  readonly threads?: number
  readonly loaders?: number
}

/** Looks at what this machine trains with. */
export interface ExamineRequest {
  readonly type: 'examine'
  readonly threads?: number
}

/** A training run writes a checkpoint, then `done` with reason `stopped`; what else is asked for leaves nothing and sends the same. */
export interface StopRequest {
  readonly type: 'stop'
}

/** What a worker asks for that is followed by events. */
export type WorkRequest =
  | TrainRequest
  | ExportRequest
  | ImportRequest
  | EvaluateRequest
  | EmbedRequest
  | BatchRequestMessage
  | MapRequest

export type TrainerRequest = WorkRequest | ExamineRequest | StopRequest

/** The one answer to an ExamineRequest. */
export interface MachineEvent extends Machine {
  readonly type: 'machine'
}

export type TrainerEvent = TrainEvent | ExportEvent

/** What follows a WorkRequest. */
export type WorkEvent = TrainerEvent | EvaluationEvent | EmbeddingEvent | BatchEvent | MappingEvent
