/** What the platform needs from the outside, in its own words. Implementations: storage/, queue/, tasks/. */
import type { Readable } from 'node:stream'
import type { ApiKey, Project } from './access.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Dataset, DatasetVersion, Upload } from './dataset.ts'
import type { JobKind, JobPayloads } from './job.ts'
import type { KappaSummary, Model, Prototype } from './model.ts'
import type { Page, PageRequest } from './page.ts'
import type { Lease, LogHead, MetricPoint, MetricSeries, NewRunEvent, Run, RunEvent, RunStatus } from './run.ts'

export interface KeyStore {
  ensureProject(name: string): Promise<Project>
  insert(key: ApiKey): Promise<void>
  /** Any project: this is how a request finds its own. */
  findById(keyId: string): Promise<ApiKey | null>
  /** Those that exist, in any order. */
  findMany(keyIds: readonly string[]): Promise<readonly ApiKey[]>
  list(projectId: string, page: PageRequest): Promise<Page<ApiKey>>
  revoke(projectId: string, keyId: string, at: Date): Promise<boolean>
  touch(keyId: string, at: Date): Promise<void>
}

export interface DatasetStore {
  insert(dataset: Dataset): Promise<void>
  find(projectId: string, id: string): Promise<Dataset | null>
  list(projectId: string, page: PageRequest): Promise<Page<Dataset>>
  /**
   * Removes the dataset, its versions and uploads; false when there is none. Count unfinished runs after it, in the same
   * unit of work: a run that is being inserted holds its version, so a removal waits for it and then sees it.
   */
  remove(projectId: string, id: string): Promise<boolean>
  /** Throws dataset_not_found when the dataset was removed meanwhile. */
  insertUpload(upload: Upload): Promise<void>
  findUpload(projectId: string, id: string): Promise<Upload | null>
  /** False when the upload is gone, with its dataset. */
  completeUpload(projectId: string, id: string): Promise<boolean>
  /** Takes the next number of the dataset; safe under concurrent calls. */
  insertVersion(
    version: Omit<DatasetVersion, 'version' | 'prefix'>,
    prefixOf: (version: number) => string
  ): Promise<DatasetVersion>
  findVersion(projectId: string, datasetId: string, version: number): Promise<DatasetVersion | null>
  listVersions(projectId: string, datasetId: string, page: PageRequest): Promise<Page<DatasetVersion>>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  loadVersion(datasetId: string, version: number, options?: { lock: boolean }): Promise<DatasetVersion | null>
  /** Also moves the dataset's latestVersion when the patch makes the version ready: call it in a unit of work. */
  updateVersion(datasetId: string, version: number, patch: Partial<DatasetVersion>): Promise<void>
}

export interface RunFilter {
  readonly status?: RunStatus
  readonly datasetId?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** Fields that only the holder of the lease may change. */
export type RunPatch = Partial<Omit<Run, 'id' | 'projectId' | 'recipe' | 'createdAt' | 'desired' | 'leaseEpoch'>>

export interface RunStore {
  /** Throws dataset_version_not_found when the version was removed meanwhile. */
  insert(run: Run): Promise<void>
  find(projectId: string, id: string): Promise<Run | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<Run | null>
  list(projectId: string, filter: RunFilter, page: PageRequest): Promise<Page<Run>>
  countUnfinishedByDataset(datasetId: string): Promise<number>
  /** Raises the lease epoch unless the run has ended or another worker's lease is alive; null when it cannot be had. */
  claim(id: string, worker: string, expiresAt: Date, now: Date): Promise<Run | null>
  /** False when the lease is no longer ours: then nothing was written. */
  updateUnderLease(lease: Lease, patch: RunPatch): Promise<boolean>
  /** Unfenced: for users' requests, inside a transaction that locked the row. */
  update(id: string, patch: RunPatch & { readonly desired?: Run['desired'] }): Promise<void>
  /**
   * Up to 500 runs that may need a job, oldest first, for the supervisor: those whose lease expired before `now` and those
   * that nobody holds. Enqueue a leg for each; where one is waiting or running, that changes nothing.
   */
  listExpiredLeases(now: Date): Promise<readonly Run[]>
}

export interface EventStore {
  /** Numbers the events after the run's last; returns them as stored. */
  append(runId: string, events: readonly NewRunEvent[], at: Date): Promise<readonly RunEvent[]>
  /** In order of seq, from the first after `afterSeq`. */
  list(runId: string, afterSeq: number, limit: number): Promise<readonly RunEvent[]>
  /** Where the logs of these runs end now, of as many as exist. */
  heads(runIds: readonly string[]): Promise<readonly LogHead[]>
}

/**
 * Says at once that a run has new events. A hint and nothing more: it may be lost or come twice, and what is new is read
 * from the store.
 */
export interface EventNotices {
  /** False while hints cannot be relied on; then the reader looks more often. */
  isListening(): boolean
  /** Null stands for any run: hints may have been lost. */
  onNotice(listener: (runId: string | null) => void): void
  close(): Promise<void>
}

export interface MetricQuery {
  readonly keys: readonly string[] | null
  readonly fromStep: number | null
  readonly toStep: number | null
  readonly maxPoints: number
}

export interface MetricStore {
  /** Upserts on (run, key, step): a retried batch or a repeated step never draws two curves. */
  write(runId: string, points: readonly MetricPoint[]): Promise<void>
  read(runId: string, query: MetricQuery): Promise<readonly MetricSeries[]>
  /** A resumed run repeats the steps after its checkpoint: what the lost leg wrote there goes away. */
  removeAfter(runId: string, step: number): Promise<void>
}

export interface CheckpointStore {
  insert(checkpoint: Checkpoint): Promise<void>
  find(projectId: string, id: string): Promise<Checkpoint | null>
  load(id: string): Promise<Checkpoint | null>
  listByRun(projectId: string, runId: string, page: PageRequest): Promise<Page<Checkpoint>>
  /** Complete ones of a run beyond the newest `keep`, oldest first, less those a model was made from. */
  listSuperseded(runId: string, keep: number): Promise<readonly Checkpoint[]>
  markDeleted(id: string): Promise<void>
}

export interface ModelStore {
  insert(model: Model): Promise<void>
  find(projectId: string, id: string): Promise<Model | null>
  load(id: string): Promise<Model | null>
  list(projectId: string, page: PageRequest): Promise<Page<Model>>
  update(id: string, patch: Partial<Model>): Promise<void>
}

export type PrototypeSort = 'index' | '-kappa' | 'kappa' | '-usage' | 'usage'

export interface PrototypeStore {
  replaceAll(modelId: string, prototypes: readonly Prototype[]): Promise<void>
  find(modelId: string, index: number): Promise<Prototype | null>
  /** `after` is an opaque cursor of this store. */
  list(modelId: string, sort: PrototypeSort, page: PageRequest): Promise<Page<Prototype>>
  kappa(modelId: string, bins: number): Promise<KappaSummary>
}

export interface IdempotencyRecord {
  readonly projectId: string
  readonly key: string
  readonly route: string
  readonly requestHash: string
  /** Null while the first request is still running. */
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  } | null
  readonly createdAt: Date
}

export interface IdempotencyStore {
  /** Inserts the record, or returns the one that is there (older than 24 h, or 10 min without answer, counts as none). */
  begin(record: IdempotencyRecord): Promise<IdempotencyRecord | null>
  finish(
    record: Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>,
    response: NonNullable<IdempotencyRecord['response']>
  ): Promise<void>
  abandon(record: Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>): Promise<void>
}

export interface JobOptions {
  /** At most one waiting or running job of this kind has it; a second enqueue is a no-op. */
  readonly key: string
  readonly startAfterS?: number
  readonly priority?: number
  /** Whose work it is: projects take turns, however many jobs one of them has. */
  readonly project?: string
}

export interface JobQueue {
  enqueue<K extends JobKind>(kind: K, payload: JobPayloads[K], options: JobOptions): Promise<void>
}

/** Runs SQL on one connection, inside whatever transaction that connection is in. */
export interface SqlExecutor {
  executeSql(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** How the queue joins a transaction of the stores: its jobs are rows of the same database. */
export interface TransactionalQueue {
  through(executor: SqlExecutor): JobQueue
}

/** Everything that is written together. Inside a unit of work all of it, the queue included, is one transaction. */
export interface Stores {
  readonly keys: KeyStore
  readonly datasets: DatasetStore
  readonly runs: RunStore
  readonly events: EventStore
  readonly metrics: MetricStore
  readonly checkpoints: CheckpointStore
  readonly models: ModelStore
  readonly prototypes: PrototypeStore
  readonly idempotency: IdempotencyStore
  readonly jobs: JobQueue
}

export type UnitOfWork = <T>(work: (stores: Stores) => Promise<T>) => Promise<T>

/** The worker's side of the queue. */
export interface JobSource {
  /**
   * Calls the handler for each job, at most `concurrency` at once, and of one project one less than that as long as this is
   * one; a rejected handler is retried with backoff.
   */
  work<K extends JobKind>(
    kind: K,
    concurrency: number,
    handler: (payload: JobPayloads[K], signal: AbortSignal) => Promise<void>
  ): Promise<void>
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
  list(prefix: string): AsyncIterable<ObjectInfo>
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
  /** A URL from which the object can be fetched without credentials until it expires. */
  downloadUrl(key: string, expiresInS: number, filename: string): Promise<string>
  check(): Promise<void>
}

/** Whoever has one reads it once or closes it. */
export interface OpenedObject {
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
  readonly expectedCosine: number
}

export interface ImageAssignments {
  readonly assignments: readonly Assignment[]
  readonly entropy: number
  readonly effectiveClusters: number
  readonly logDensity: number
  /** Share of training images with a lower density; null when the model was exported without its dataset. */
  readonly densityPercentile: number | null
}

/** Who waits for an answer. */
export interface Caller {
  /** Id of the API key, whose work is bounded. */
  readonly key: string
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

/**
 * Runs models in processes of their own. Throws AppError: too_much_at_once, overloaded, request_timeout, client_gone,
 * inference_unavailable; with `index`: image_invalid, image_too_large, images_too_large.
 */
export interface Inference {
  embed(
    model: Model,
    images: readonly Uint8Array[],
    options: { readonly dimensions?: number; readonly caller: Caller }
  ): Promise<{ readonly embeddings: readonly Float32Array[]; readonly timings: Timings }>
  assign(
    model: Model,
    images: readonly Uint8Array[],
    options: { readonly topK: number; readonly temperature?: number; readonly caller: Caller }
  ): Promise<{ readonly results: readonly ImageAssignments[]; readonly timings: Timings }>
}
