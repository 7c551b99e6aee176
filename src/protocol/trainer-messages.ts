/**
 * What passes between a supervisor and the trainer it forked (`fork(trainer.ts, { serialization: 'advanced' })`).
 * One child does one request and ends: exit code 0 after `done`, `exported`, `evaluated`, `embedded`, `batch_answered`, `mapped` or `machine`, 1 after `failed`. A child whose channel
 * closes ends at once and writes nothing more: whoever held the lease is gone.
 */
import type { DeviceWish, Machine } from '../base/devices.ts'
import type { AnyProtocol, ChosenSettings, Evaluation, LeftOut, TrainedProtocol } from '../base/evaluation.ts'
import type { PrototypesSeen } from '../base/exemplars.ts'
import type { GroundTruth } from '../base/ground-truth.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import type { PrototypeSurgery } from '../recipe/prototype-surgery.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { WeightOptions } from '../recipe/weight-options.ts'
import type { DoneEvent, FailedEvent, OutputFile, TrainEvent } from './training-events.ts'

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

/** A packed dataset, and what it is called in sentences. */
export interface NamedFolder {
  readonly folder: string
  readonly name: string
}

/** Where the network lies that is measured. */
export type MeasuredFolder =
  /** A model's, as it is served: without the weights in other formats; these lie elsewhere, for what trains on them. */
  | { readonly kind: 'model'; readonly folder: string; readonly weightsFolder?: string }
  /** A checkpoint's, whose teacher is meant, and a folder that takes the programs which are made of it. */
  | { readonly kind: 'checkpoint'; readonly folder: string; readonly programsFolder: string }

/** Measures a model, or a checkpoint as the model that it would be. */
export interface EvaluateRequest {
  readonly type: 'evaluate'
  readonly subject: MeasuredFolder
  readonly bank: NamedFolder
  /** Null: the bank is judged. */
  readonly queries: NamedFolder | null
  /** Null: whatever images and model allow. */
  readonly protocols: readonly AnyProtocol[] | null
  readonly settings: ChosenSettings
  /** Whose assignments label_free compares, and what it is called in results. */
  readonly against?: { readonly subject: MeasuredFolder; readonly name: string } | null
  /** Of copy_detection. */
  readonly distractors?: NamedFolder | null
  readonly whitening?: NamedFolder | null
  /** Of revisited. */
  readonly groundTruth?: GroundTruth | null
  /** Where what trains keeps its state, at least so far apart, and what was kept before; left out, nothing is kept. */
  readonly keeping?: {
    readonly folder: string
    readonly everyMs: number
    readonly found: Partial<Readonly<Record<TrainedProtocol, string>>>
  }
  readonly threads?: number
}

/** Embeds a packed dataset, part by part. */
export interface EmbedRequest {
  readonly type: 'embed'
  /** A model's, as it is served. */
  readonly modelFolder: string
  readonly datasetFolder: string
  /** Takes the files of each part. */
  readonly partsFolder: string
  /** Of each part but the last: a multiple of the images in one batch, so that a part is the same whoever makes it. */
  readonly partImages: number
  /** Those before it are stored already. */
  readonly firstPart: number
  /** To the prototypes of the model, too. */
  readonly assigns: boolean
  readonly threads?: number
}

export interface BatchLimits {
  readonly imageBytes: number
  readonly imagePixels: number
  readonly imagesPerRequest: number
}

/** How far a batch is: behind so many bytes of its input, with so many lines answered. */
export interface BatchPosition {
  readonly offset: number
  readonly completed: number
  readonly failed: number
  /** That were embedded. */
  readonly images: number
}

/** Answers requests of a file, part by part. */
export interface BatchRequestMessage {
  readonly type: 'batch'
  readonly batchId: string
  /** Every line has it as its `url`. */
  readonly endpoint: string
  /** A model's, as it is served. */
  readonly modelFolder: string
  readonly modelId: string
  /** As every line calls it. */
  readonly modelName: string
  readonly tokensPerImage: number
  /** JSONL. */
  readonly inputPath: string
  /** Of it. */
  readonly lines: number
  /** Takes the files of each part. */
  readonly partsFolder: string
  /** Of each part but the last. */
  readonly partLines: number
  /** At the end of a part: what is before it is stored already. */
  readonly position: BatchPosition
  readonly limits: BatchLimits
  readonly threads?: number
}

/** Lays vectors onto a plane. */
export interface MapRequest {
  readonly type: 'map'
  /** float32, little-endian, row by row. */
  readonly vectorsPath: string
  /** JSON of each row, a line each: label, prototype, log_density. */
  readonly imagesPath: string
  readonly dimensions: number
  /** What a row is of: each so-manieth image of the set. */
  readonly every: number
  /** Takes the map. */
  readonly mapPath: string
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

export type ExportStage =
  | 'reading'
  | 'weights'
  | 'programs'
  | 'verification'
  | 'precision'
  | 'prototypes'
  | 'mixture'
  | 'files'

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

/** After every batch that was read and before every protocol: a stop is heard there. */
export interface EvaluationProgressEvent {
  readonly type: 'evaluation_progress'
  /** Of bank and queries, read so far. */
  readonly images: number
  /** That is computed next; null while images are read. */
  readonly protocol: AnyProtocol | null
  readonly measured: number
  /** 0 … 1 of that one, where it tells. */
  readonly share?: number
}

/** The state of what trains, after so many epochs: whoever goes on with the evaluation begins there. The file is the worker's. */
export interface EvaluationKeptEvent {
  readonly type: 'evaluation_kept'
  readonly protocol: TrainedProtocol
  readonly place: number
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

export interface MeasuredResult extends Evaluation<AnyProtocol> {
  /** Of an embedding, or of what a classifier reads. */
  readonly dimensions: number
}

export interface EvaluatedEvent {
  readonly type: 'evaluated'
  readonly results: readonly MeasuredResult[]
  readonly leftOut: readonly LeftOut[]
  /** Null where no image was given to prototypes. */
  readonly prototypes: PrototypesSeen | null
}

export type EvaluationEvent = EvaluationProgressEvent | EvaluationKeptEvent | EvaluatedEvent | DoneEvent | FailedEvent

/** After every batch: of all images, those of earlier parts included. */
export interface EmbeddingProgressEvent {
  readonly type: 'embedding_progress'
  readonly images: number
}

/** The files are the worker's. */
export interface EmbeddedPartEvent {
  readonly type: 'embedded_part'
  readonly part: number
  readonly images: number
  /** Little-endian float32, row by row. */
  readonly vectorsPath: string
  /** JSON of what is known of each image, a line each. */
  readonly imagesPath: string
}

export interface EmbeddedEvent {
  readonly type: 'embedded'
  readonly images: number
}

/** Before the first line is answered. */
export interface BatchSurveyedEvent {
  readonly type: 'batch_surveyed'
  /** Of all lines that may be answered, whatever is answered already. */
  readonly images: number
}

/** After every few lines. */
export interface BatchProgressEvent {
  readonly type: 'batch_progress'
  readonly position: BatchPosition
}

/** The files are the worker's. */
export interface BatchPart {
  readonly part: number
  readonly outputPath: string
  readonly errorsPath: string
  /** Behind it. */
  readonly position: BatchPosition
}

export interface BatchPartEvent extends BatchPart {
  readonly type: 'batch_part'
}

export interface BatchAnsweredEvent {
  readonly type: 'batch_answered'
}

export type BatchEvent =
  | BatchSurveyedEvent
  | BatchProgressEvent
  | BatchPartEvent
  | BatchAnsweredEvent
  | DoneEvent
  | FailedEvent

/** The map is where it was asked for. */
export interface MappedEvent {
  readonly type: 'mapped'
}

export type MappingEvent = MappedEvent | FailedEvent

export type EmbeddingEvent = EmbeddingProgressEvent | EmbeddedPartEvent | EmbeddedEvent | DoneEvent | FailedEvent

/** The one answer to an ExamineRequest. */
export interface MachineEvent extends Machine {
  readonly type: 'machine'
}

export type TrainerEvent = TrainEvent | ExportEvent

/** What follows a WorkRequest. */
export type WorkEvent = TrainerEvent | EvaluationEvent | EmbeddingEvent | BatchEvent | MappingEvent
