/** What passes between a supervisor and a trainer that makes a model: of a checkpoint, or of weights from elsewhere. */
import type { WeightOptions } from '../recipe/weight-options.ts'
import type { DoneEvent, FailedEvent, OutputFile } from './training-events.ts'

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
