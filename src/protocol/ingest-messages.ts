/** What goes over the pipe between a worker and its ingester. Plain data. */
import type { ErrorCode } from '../base/errors.ts'
import type { DatasetManifest } from './dataset-manifest.ts'

export interface IngestSource {
  /**
   * `file`: an archive (zip, tar, tar.gz), IDX images or labels (also gzipped), or one image, told apart by content.
   * `folder`: everything below it.
   */
  readonly kind: 'file' | 'folder'
  readonly path: string
  /** What the user called it: for messages, and the name of a single image. */
  readonly name: string
}

/** Keeps image i of the source when i mod every = offset, or all the others with `invert`: a repeatable hold-out. */
export interface Selection {
  readonly every: number
  readonly offset: number
  readonly invert: boolean
}

/** Of a vector set, whose rows are the images of the packed dataset. */
export interface VectorFiles {
  readonly vectorsPath: string
  readonly imagesPath: string
  readonly dimensions: number
}

/** As domain/selection.ts has it, with the numbers of the images. */
export type ImageChoice =
  | { readonly strategy: 'balanced' | 'diverse'; readonly count: number; readonly seed: number }
  | { readonly strategy: 'hard' | 'typical'; readonly count: number }
  | { readonly strategy: 'deduplicated'; readonly maxSimilarity: number }
  | { readonly strategy: 'all' }
  | { readonly strategy: 'indices'; readonly indices: readonly number[] }

/** Images of a dataset that was packed before, with the numbers of their classes. */
export interface PackedSource {
  readonly folder: string
  readonly choice: ImageChoice
  /** Null where the choice takes none. */
  readonly vectors: VectorFiles | null
  /** A file of those that are given to images without one: [image, label] in a line. Null where none are. */
  readonly labelsPath: string | null
}

export interface IngestLimits {
  /** Entries of all sources, directories and skipped files included. */
  readonly maxEntries: number
  /** Unpacked bytes of all sources. */
  readonly maxUnpackedBytes: number
  /** Unpacked over packed bytes of one archive, counted from its first 10 MB on. */
  readonly maxRatio: number
  readonly maxImageBytes: number
  readonly maxImagePixels: number
  /** Of a shard with more than one image. */
  readonly shardBytes: number
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  maxEntries: 5_000_000,
  maxUnpackedBytes: 1_000_000_000_000,
  maxRatio: 200,
  maxImageBytes: 50_000_000,
  maxImagePixels: 100_000_000,
  shardBytes: 64 * 1024 * 1024
}

/** The first and only message to an ingester. */
export interface IngestRequest {
  readonly sources: readonly IngestSource[]
  /** In place of them. */
  readonly packed?: PackedSource
  readonly outFolder: string
  readonly limits?: Partial<IngestLimits>
  readonly select?: Selection
  /** Names of labels 0, 1 … when the source has numbers only; otherwise the folders' names are used. */
  readonly classes?: readonly string[]
  /** Bands that every image must have, as TIFF: 2 or 4 to 16. Left out, images are gray or colour. */
  readonly channels?: number
  /**
   * Journals are written, and each shard is told of when it is whole. The first `replay` of them are in `outFolder` already, of the same
   * request: their images are not looked at again, and their `.bin` files are not needed.
   */
  readonly journal?: { readonly replay: number }
}

export interface IngestProgress {
  readonly type: 'progress'
  readonly images: number
  readonly rejected: number
}

/** Its `.bin` and its journal are on the disk. Not told of the last one, with which everything is done. */
export interface IngestShard {
  readonly type: 'shard'
  readonly shard: number
}

export interface IngestDone {
  readonly type: 'done'
  readonly manifest: DatasetManifest
}

export interface IngestFailed {
  readonly type: 'failed'
  readonly code: ErrorCode
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

export type IngestMessage = IngestProgress | IngestShard | IngestDone | IngestFailed
