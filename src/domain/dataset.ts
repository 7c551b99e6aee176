import type { JsonObject } from '../base/json.ts'
import type { DatasetReport } from '../recipe/dataset-report.ts'
import type { SelectionSource } from './selection.ts'

export interface Dataset {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly metadata: JsonObject
  readonly latestVersion: number | null
  readonly createdAt: Date
}

export type UploadStatus = 'pending' | 'completed' | 'expired'

/** A file on its way into the object store, in parts; its bytes never pass through the API (embedded mode excepted). */
export interface Upload {
  readonly id: string
  readonly projectId: string
  /** Null for weights, which models are made of. */
  readonly datasetId: string | null
  readonly filename: string
  readonly bytes: number
  readonly status: UploadStatus
  readonly objectKey: string
  /** The object store's own id of the multipart upload. */
  readonly multipartId: string
  readonly partBytes: number
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** `select` keeps image i when (i mod every = offset), or its complement with `invert`: a repeatable hold-out. */
export interface Selection {
  readonly every: number
  readonly offset: number
  readonly invert: boolean
}

interface SourceOptions {
  readonly classes?: readonly string[]
  readonly select?: Selection
  /** Bands of every image, as TIFF; left out, images are gray or colour. */
  readonly channels?: number
}

/** Uploads may be one archive (zip, tar, tar.gz), one or two IDX files (images, labels), or single images. */
export type OuterSource = SourceOptions &
  ({ readonly type: 'upload'; readonly uploads: readonly string[] } | { readonly type: 's3'; readonly prefix: string })

export type DatasetSource = OuterSource | (SourceOptions & SelectionSource)

/** Only `ready`, `failed` and `cancelled` are final. */
export type DatasetVersionStatus = 'queued' | 'ingesting' | 'ready' | 'failed' | 'cancelled'

/** Somebody works on it, or will. */
export const isOpen = ({ status }: Pick<DatasetVersion, 'status'>): boolean =>
  status === 'queued' || status === 'ingesting'

/** Immutable once ready: packed shards under `prefix` and a manifest whose hash names the content. */
export interface DatasetVersion {
  readonly datasetId: string
  readonly version: number
  readonly projectId: string
  readonly status: DatasetVersionStatus
  readonly source: DatasetSource
  readonly prefix: string
  readonly images: number
  readonly bytes: number
  readonly rejected: number
  readonly duplicates: number
  readonly classes: readonly string[] | null
  readonly contentHash: string | null
  /** Images by "width×height" bucket, as the manifest has it. */
  readonly sizes: Readonly<Record<string, number>>
  /** Null until it is ready, and of versions from before there were reports. */
  readonly report: DatasetReport | null
  readonly progress: { readonly images: number; readonly rejected: number }
  readonly error: { readonly code: string; readonly message: string } | null
  readonly createdAt: Date
  readonly readyAt: Date | null
}

/** One line of a version's index. */
export interface DatasetImage {
  readonly index: number
  readonly name: string
  readonly format: string
  readonly width: number
  readonly height: number
  readonly bytes: number
  readonly label: number | null
  readonly sha256: string
}
