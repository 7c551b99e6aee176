/** What the platform needs from the outside, in its own words. Implementations: storage/objects, queue/, processes/. */
import type { Readable } from 'node:stream'
import type { EncodedFormat } from '../base/image-formats.ts'
import type { ServedPrecision } from '../base/precision.ts'
import type { Bits } from '../recipe/bits.ts'
import type { JobKind, JobPayloads } from './job.ts'
import type { EmbeddingOutput, HeatValue, MapDrawing, Model, ModelConfig, Posterior } from './model.ts'

export interface JobOptions {
  /** At most one waiting or running job of this kind has it; a second enqueue is a no-op. */
  readonly key: string
  readonly startAfterS?: number
  /** Higher ones first, among those of the same project. */
  readonly priority?: number
  /** Whose work it is: projects take turns, however many jobs one of them has. */
  readonly project?: string
}

export interface JobQueue {
  enqueue<K extends JobKind>(kind: K, payload: JobPayloads[K], options: JobOptions): Promise<void>
  /** Takes the job of this kind and key out of the queue if it waits; one that runs is left alone. */
  dequeue(kind: JobKind, key: string): Promise<void>
  /** Those of the keys that a job has which waits or runs, of any kind. */
  withJob(keys: readonly string[]): Promise<readonly string[]>
}

/** Runs SQL on one connection, inside whatever transaction that connection is in. */
export interface SqlExecutor {
  executeSql(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** How the queue joins a transaction of the stores: its jobs are rows of the same database. */
export interface TransactionalQueue {
  through(executor: SqlExecutor): JobQueue
}

/** The worker's side of the queue. */
export interface JobSource {
  /**
   * Calls the handler for each job, at most `concurrency` at once, and of one project, except legs, one less than that as long as
   * this is one; a rejected handler is retried with backoff.
   */
  work<K extends JobKind>(
    kind: K,
    concurrency: number,
    handler: (payload: JobPayloads[K], signal: AbortSignal) => Promise<void>
  ): Promise<void>
  /** There may be a job of that kind, or of any: it is looked for now, and not with the next poll. */
  wake(kind: string | null): void
  /** Takes no new job until `resume`; what runs goes on. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Takes no new job, waits for the running ones up to `graceMs`, then aborts their signals. */
  stop(graceMs: number): Promise<void>
}

export interface UploadPart {
  readonly part: number
  readonly url: string
}

export interface ObjectInfo {
  readonly key: string
  readonly bytes: number
}

/** As a listing has it. */
export interface ListedObject extends ObjectInfo {
  readonly modifiedAt: Date
}

/** Parts that were not put together yet. */
export interface UnfinishedUpload {
  readonly key: string
  readonly multipartId: string
  readonly startedAt: Date
}

/** Keys use `/`; `get` of an absent key throws AppError('object_not_found'). */
export interface ObjectStore {
  put(key: string, body: Uint8Array | Readable, options?: { readonly contentType?: string }): Promise<void>
  /** Streams a local file; the object appears whole or not at all. */
  putFile(key: string, path: string): Promise<void>
  get(key: string): Promise<Uint8Array>
  getRange(key: string, start: number, length: number): Promise<Uint8Array>
  /** Writes to a temporary name and renames, so a file that exists is whole. A signal may end it early. */
  getFile(key: string, path: string, options?: { readonly signal?: AbortSignal }): Promise<void>
  head(key: string): Promise<ObjectInfo | null>
  /** In the order of their keys. */
  list(prefix: string): AsyncIterable<ListedObject>
  removePrefix(prefix: string): Promise<void>
  startUpload(key: string): Promise<string>
  /** URLs that take a PUT of one part each, of just so many bytes, without credentials, until they expire. */
  partUrls(
    key: string,
    multipartId: string,
    partBytes: readonly number[],
    expiresInS: number
  ): Promise<readonly UploadPart[]>
  /** When it has been finished already: does nothing, or throws upload_not_found. The object is whole either way. */
  finishUpload(
    key: string,
    multipartId: string,
    parts: readonly { readonly part: number; readonly etag: string }[]
  ): Promise<void>
  abortUpload(key: string, multipartId: string): Promise<void>
  /** Null where the store cannot tell. */
  listUploads(): Promise<readonly UnfinishedUpload[] | null>
  /** A URL from which the object can be fetched without credentials until it expires. */
  downloadUrl(key: string, expiresInS: number, filename: string): Promise<string>
  check(): Promise<void>
}

/** Whoever has one reads it once or closes it. */
export interface OpenedObject {
  readonly key: string
  readonly bytes: number
  /** Strong: other bytes have another one. */
  readonly etag: string
  readonly filename: string
  /** All of it, or from `start` to `end`, both included. The stream closes what was opened. */
  read(range?: { readonly start: number; readonly end: number }): Readable
  close(): Promise<void>
}

/**
 * What PUT and GET /v1/objects/{token} need where objects lie in a local folder: there the API stands in for the object
 * store, and a token is what a presigned URL's query is elsewhere. Both throw `forbidden` when the token is not one of
 * ours or has expired.
 */
export interface SignedObjects {
  /**
   * The ETag goes back in the response's header of that name; finishing the upload needs it. Leaves the body open.
   * Throws body_too_large or upload_incomplete for what has not the length that was announced, before anything is read
   * when the sender declares it; null when it does not.
   */
  writePart(token: string, body: Readable, declaredBytes: number | null): Promise<{ readonly etag: string }>
  openObject(token: string): Promise<OpenedObject>
}

export interface Timings {
  readonly decodeMs: number
  readonly queueMs: number
  readonly inferMs: number
  readonly encodeMs: number
}

export interface Assignment {
  readonly prototype: number
  readonly probability: number
  readonly cosine: number
  readonly kappa: number
}

export interface ImageAssignments {
  readonly assignments: readonly Assignment[]
  readonly entropy: number
  readonly effectiveClusters: number
  /** Of the fitted mixture; null when the model was made without images. */
  readonly logDensity: number | null
  /** Share of held-out training images with a lower density; null likewise. */
  readonly densityPercentile: number | null
}

/** Who waits for an answer. */
export interface Caller {
  /** The key or token that asks, whose work is bounded. */
  readonly key: string
  /** Takes them from what the project may use, once there is room for them and before anything is decoded. Throws project_rate_limited, quota_exceeded. */
  readonly spend: (pixels: number) => Promise<void>
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

/** Of one image, patch by patch; rows from the top. */
export interface PatchMaps {
  /** Patches on a side. */
  readonly side: number
  /** [side · side] each: of a heat map one, of attention one for each of `heads`. */
  readonly maps: readonly Float32Array[]
  /** Of attention, and what each of them gives the class token and registers: with the map it sums to 1. */
  readonly heads: readonly number[]
  readonly elsewhere: readonly number[]
  /** Of a heat map: the prototype, and what the whole image is to it. */
  readonly image: { readonly prototype: number; readonly cosine: number; readonly probability: number } | null
  /** What the ends of the colours stand for. */
  readonly range: readonly [low: number, high: number]
  /** Null where numbers were asked for. */
  readonly png: Uint8Array | null
}

/** Left out: every head, the likeliest prototype, cosines, numbers alone. */
export type MapAsked =
  | { readonly kind: 'attention'; readonly head?: number; readonly draw?: MapDrawing }
  | { readonly kind: 'heat'; readonly prototype?: number; readonly value?: HeatValue; readonly draw?: MapDrawing }

/** What makes vectors: a model, or a checkpoint of a run that may still go on. */
export type Embedder = Pick<Model, 'id' | 'projectId' | 'prefix' | 'files'> & {
  readonly config: Pick<ModelConfig, 'channels' | 'embeddingDim' | 'imageSize'> | null
  readonly isCheckpoint?: boolean
}

/** An image as it lies in a dataset, and what is needed to read it. */
export interface StoredImage {
  readonly bytes: Uint8Array
  readonly format: EncodedFormat | 'raw'
  readonly width: number
  readonly height: number
  readonly channels: number
  /** Of 16-bit samples whose file does not tell. */
  readonly bits: Bits
}

/**
 * Runs models in processes of their own. Throws AppError: what `spend` throws, too_much_at_once, overloaded, request_timeout, client_gone,
 * inference_unavailable; with `index`: image_invalid, image_too_large, images_too_large.
 */
export interface Inference {
  embed(
    model: Embedder,
    images: readonly Uint8Array[],
    options: {
      readonly dimensions?: number
      readonly output?: EmbeddingOutput
      /** Default: float32. Others of output cls at the model's own size alone. */
      readonly precision?: ServedPrecision
      /** Default: the model's own. */
      readonly imageSize?: number
      readonly caller: Caller
    }
  ): Promise<{ readonly embeddings: readonly Float32Array[]; readonly timings: Timings }>
  assign(
    model: Model,
    images: readonly Uint8Array[],
    options: {
      readonly topK: number
      readonly posterior: Posterior
      /** Of the posterior `model` alone. */
      readonly temperature?: number
      /** Default: the model's own. */
      readonly imageSize?: number
      readonly caller: Caller
    }
  ): Promise<{ readonly results: readonly ImageAssignments[]; readonly timings: Timings }>
  /** invalid_request for a head that the model does not have. */
  map(
    model: Embedder,
    image: Uint8Array,
    options: { readonly asked: MapAsked; readonly imageSize: number; readonly caller: Caller }
  ): Promise<{ readonly result: PatchMaps; readonly timings: Timings }>
  /**
   * Loads what a model's embeddings are computed with, in every process that is up, so that its first request waits for nothing. Never
   * rejects: whatever keeps it from that is met, and told, by that request.
   */
  warm(model: Embedder): Promise<void>
  /** For people: WebP with at most `size` pixels on its longer side, or PNG of all pixels. Nothing of the file but its pixels is in it. */
  picture(image: StoredImage, options: { readonly size: number | null; readonly caller: Caller }): Promise<Uint8Array>
}
