/**
 * What passes between a supervisor and the trainer it forked (`fork(trainer.ts, { serialization: 'advanced' })`).
 * One child does one request and ends: exit code 0 after `done`, `exported` or `machine`, 1 after `failed`. A child whose channel
 * closes ends at once and writes nothing more: whoever held the lease is gone.
 */
import type { DeviceWish, Machine } from '../base/devices.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { WeightOptions } from '../recipe/weight-options.ts'
import type { DoneEvent, FailedEvent, OutputFile, TrainEvent } from './training-events.ts'

export interface TrainRequest {
  readonly type: 'train'
  readonly recipe: Recipe
  /** Packed dataset (images/dataset-folder.ts). */
  readonly datasetFolder: string
  /** Checkpoints appear below it as `checkpoints/step-00000140`. */
  readonly outFolder: string
  /** A checkpoint folder; without it the run starts at step 0. */
  readonly resumeFrom?: string
  readonly checkpointEveryS?: number
  readonly checkpointEverySteps?: number
  /** Ends the leg, as `stop` would, after so many steps of this process. */
  readonly maxSteps?: number
  /** What it has to train on; by default whatever the machine's engine computes on. */
  readonly device?: DeviceWish['device']
  /** That share every step, 1 by default. */
  readonly devices?: number
  readonly threads?: number
  readonly loaders?: number
}

export interface ExportRequest {
  readonly type: 'export'
  readonly checkpointFolder: string
  /** Training images for usage counts, densities and the check of the ONNX files; null leaves the counts out. */
  readonly datasetFolder: string | null
  /** Must not exist; it appears complete or not at all. */
  readonly outFolder: string
  readonly threads?: number
}

/** Makes a model of weights that were not trained here. */
export interface ImportRequest {
  readonly type: 'import'
  /** A weight file, or a folder with one and its configuration. */
  readonly source: string
  readonly weights: WeightOptions
  /** Images for usage counts, densities and the check of the ONNX files; null leaves the counts out. */
  readonly datasetFolder: string | null
  /** Must not exist; it appears complete or not at all. */
  readonly outFolder: string
  readonly threads?: number
}

/** Looks at what this machine trains with. */
export interface ExamineRequest {
  readonly type: 'examine'
  readonly threads?: number
}

/** A training run writes a checkpoint, then `done` with reason `stopped`; an export leaves nothing and sends the same. */
export interface StopRequest {
  readonly type: 'stop'
}

export type TrainerRequest = TrainRequest | ExportRequest | ImportRequest | ExamineRequest | StopRequest

export type ExportStage = 'reading' | 'weights' | 'programs' | 'verification' | 'prototypes' | 'mixture' | 'files'

export interface ExportProgressEvent {
  readonly type: 'export_progress'
  readonly stage: ExportStage
  /** Of the stage, 0…1; 0 when it begins. Long stages report again at least every minute. */
  readonly share: number
}

export interface ExportedEvent {
  readonly type: 'exported'
  readonly folder: string
  readonly files: readonly OutputFile[]
  /** Step of the checkpoint that was exported. */
  readonly step: number
}

export type ExportEvent = ExportProgressEvent | ExportedEvent | DoneEvent | FailedEvent

/** The one answer to an ExamineRequest. */
export interface MachineEvent extends Machine {
  readonly type: 'machine'
}

export type TrainerEvent = TrainEvent | ExportEvent
