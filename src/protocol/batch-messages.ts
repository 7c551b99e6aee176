/** What passes between a supervisor and a trainer that answers the requests of a batch. */
import type { DoneEvent, FailedEvent } from './training-events.ts'

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
