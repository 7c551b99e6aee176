/** What passes between a supervisor and a trainer that measures a model or a checkpoint. */
import type { AnyProtocol, ChosenSettings, Evaluation, LeftOut, TrainedProtocol } from '../base/evaluation.ts'
import type { PrototypesSeen } from '../base/exemplars.ts'
import type { GroundTruth } from '../base/ground-truth.ts'
import type { DoneEvent, FailedEvent } from './training-events.ts'

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
