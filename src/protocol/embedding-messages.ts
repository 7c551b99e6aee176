/** What passes between a supervisor and a trainer that embeds a packed dataset, or lays its vectors onto a plane. */
import type { DoneEvent, FailedEvent } from './training-events.ts'

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

export type EmbeddingEvent = EmbeddingProgressEvent | EmbeddedPartEvent | EmbeddedEvent | DoneEvent | FailedEvent

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

/** The map is where it was asked for. */
export interface MappedEvent {
  readonly type: 'mapped'
}

export type MappingEvent = MappedEvent | FailedEvent
