/** What is kept in the database, in the platform's own words. Implementation: storage/postgres. */
import type { AnyProtocol } from '../base/evaluation.ts'
import type { PrototypeImages } from '../base/exemplars.ts'
import type { GroundTruth } from '../base/ground-truth.ts'
import type { AuditStore, IdempotencyStore, KeyStore, ProjectStore } from './access-stores.ts'
import type { BatchStore, FileStore } from './batch-stores.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Dataset, DatasetVersion, Upload } from './dataset.ts'
import type { DriftStore } from './drift-stores.ts'
import type { Evaluation, EvaluationStatus } from './evaluation.ts'
import type { JobTriesStore, WorkerStore } from './job-stores.ts'
import type { MetricStore, StepReportStore } from './metric-stores.ts'
import type { ModelAliasStore, ModelStore, PrototypeStore } from './model-stores.ts'
import type { Page, PageRequest } from './page.ts'
import type { JobQueue } from './ports.ts'
import type { OwnerStore, RemovalStore, UseStore } from './removal-stores.ts'
import type { Judged, Need } from './retention.ts'
import type { Lease, LogHead, NewRunEvent, Run, RunEvent, RunStatus } from './run.ts'
import type { Sweep, SweepPatch, SweepRuns } from './sweep.ts'
import type { VectorSetStore, VectorStore } from './vector-stores.ts'
import type { WebhookDeliveryStore, WebhookStore } from './webhook-stores.ts'

export interface DatasetStore {
  insert(dataset: Dataset): Promise<void>
  /** With `lock`, the row stays locked until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: boolean }): Promise<Dataset | null>
  update(id: string, patch: Partial<Pick<Dataset, 'name' | 'metadata'>>): Promise<void>
  /** @param page with a part of the name, in upper or lower case alike, where not all are wanted */
  list(projectId: string, page: PageRequest & { readonly name?: string | undefined }): Promise<Page<Dataset>>
  /** Removes the dataset, its versions and uploads; false when there is none. Ask UseStore after it. */
  remove(projectId: string, id: string): Promise<boolean>
  /** Throws dataset_not_found when the dataset was removed meanwhile. */
  insertUpload(upload: Upload): Promise<void>
  findUpload(projectId: string, id: string): Promise<Upload | null>
  /** Of a dataset, or of weights; newest first. */
  listUploads(projectId: string, datasetId: string | null, page: PageRequest): Promise<Page<Upload>>
  /** False when the upload is gone, with its dataset or by itself. */
  completeUpload(projectId: string, id: string): Promise<boolean>
  /** @returns what was removed; null when it is no upload of this dataset, or of weights. Ask UseStore after it. */
  removeUpload(projectId: string, datasetId: string | null, id: string): Promise<Upload | null>
  /** Those whose parts were never put together. */
  listUncompletedUploads(projectId: string, datasetId: string): Promise<readonly Upload[]>
  /** Removes up to `limit` that were never completed and expired before; of any project. */
  removeExpiredUploads(before: Date, limit: number): Promise<readonly Upload[]>
  /** Also gives the dataset the newest version that is left; null when there was none. Ask UseStore after it. */
  removeVersion(projectId: string, datasetId: string, version: number): Promise<DatasetVersion | null>
  /** Takes the next number of the dataset; safe under concurrent calls. @param selected numbers of the images that a user has named */
  insertVersion(
    version: Omit<DatasetVersion, 'version' | 'prefix'>,
    prefixOf: (version: number) => string,
    selected?: readonly number[] | null
  ): Promise<DatasetVersion>
  /** Of one that is selected by their numbers; null of others. */
  loadSelected(datasetId: string, version: number): Promise<readonly number[] | null>
  /** Of any project, oldest first: those that are to be made, behind this one or from the first. */
  listOpenVersions(behind: DatasetVersion | null, limit: number): Promise<readonly DatasetVersion[]>
  findVersion(projectId: string, datasetId: string, version: number): Promise<DatasetVersion | null>
  listVersions(projectId: string, datasetId: string, page: PageRequest): Promise<Page<DatasetVersion>>
  /**
   * For workers, which serve every project. With `lock`, the row stays locked until the transaction ends; `share` lets others
   * hold it so too, and keeps it from being removed.
   */
  loadVersion(datasetId: string, version: number, options?: { lock: boolean | 'share' }): Promise<DatasetVersion | null>
  /** Also moves the dataset's latestVersion when the patch makes the version ready: call it in a unit of work. */
  updateVersion(datasetId: string, version: number, patch: Partial<DatasetVersion>): Promise<void>
}

export interface RunFilter {
  /** A part of it, in upper or lower case alike. */
  readonly name?: string
  readonly isOldestFirst?: boolean
  readonly status?: RunStatus
  readonly datasetId?: string
  readonly sweepId?: string
  /** Left out: both. */
  readonly archived?: boolean
  readonly metadata?: Readonly<Record<string, string>>
}

/** Fields that only the holder of the lease may change. */
export type RunPatch = Partial<
  Omit<Run, 'id' | 'projectId' | 'sweepId' | 'trial' | 'recipe' | 'init' | 'createdAt' | 'desired' | 'leaseEpoch'>
>

export interface RunStore {
  /**
   * Throws dataset_version_not_found when the version was removed meanwhile, checkpoint_not_found or model_not_found when that
   * of its init was.
   */
  insert(run: Run): Promise<void>
  find(projectId: string, id: string): Promise<Run | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<Run | null>
  list(projectId: string, filter: RunFilter, page: PageRequest): Promise<Page<Run>>
  /** With its checkpoints and events; nobody sees its metrics any more, which go with its objects. Lock it before; ask UseStore after. */
  remove(id: string): Promise<void>
  /** Raises the lease epoch unless the run has ended or another worker's lease is alive; null when it cannot be had. */
  claim(id: string, worker: string, expiresAt: Date, now: Date): Promise<Run | null>
  /** False when the lease is no longer ours: then nothing was written. */
  updateUnderLease(lease: Lease, patch: RunPatch): Promise<boolean>
  /** Unfenced: for users' requests, inside a transaction that locked the row. */
  update(id: string, patch: RunPatch & Partial<Pick<Run, 'desired' | 'recipe'>>): Promise<void>
  /** Up to 500 of any project, oldest first: those whose lease expired before `now`. Take each back, or it is listed again. */
  listLost(now: Date): Promise<readonly Run[]>
  /** Queued ones of any project that nobody holds, with a job or without: those behind this id, or the first. */
  listUnheld(behind: string | null, limit: number): Promise<readonly Run[]>
  /** Devices of the legs of a project that are under way, less those of one run. */
  countDevices(projectId: string, except: string): Promise<number>
  /** Queued ones of a project with this reason: by priority, then the oldest first. */
  listWaiting(projectId: string, reason: string, limit: number): Promise<readonly Run[]>
}

export interface SweepStore {
  insert(sweep: Sweep): Promise<void>
  /** With `lock`, the row stays locked until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: boolean }): Promise<Sweep | null>
  /** @param name a part of it, in upper or lower case alike */
  list(projectId: string, filter: { readonly name?: string }, page: PageRequest): Promise<Page<Sweep>>
  update(id: string, patch: SweepPatch): Promise<void>
  /** Its runs stay, as runs of no sweep: call it in a unit of work. False when there is none. */
  remove(projectId: string, id: string): Promise<boolean>
  countRuns(sweepIds: readonly string[]): Promise<readonly SweepRuns[]>
}

export interface EventStore {
  /** Numbers the events after the run's last; returns them as stored. */
  append(runId: string, events: readonly NewRunEvent[], at: Date): Promise<readonly RunEvent[]>
  /** In order of seq, from the first after `afterSeq`. */
  list(runId: string, afterSeq: number, limit: number): Promise<readonly RunEvent[]>
  /** Where the logs of these runs end now, of as many as exist; of any project: followers of all of them are served together. */
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

/** What decides whether it stays, and what is removed with it. */
export type CompleteCheckpoint = Judged & Pick<Checkpoint, 'projectId' | 'prefix'>

export interface CheckpointStore {
  insert(checkpoint: Checkpoint): Promise<void>
  /** With `lock: 'share'`, the row cannot be removed or retired until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: 'share' }): Promise<Checkpoint | null>
  load(id: string): Promise<Checkpoint | null>
  listByRun(projectId: string, runId: string, page: PageRequest): Promise<Page<Checkpoint>>
  /** All there are, retired ones too, oldest first. */
  listKeeping(runId: string): Promise<readonly Pick<Checkpoint, 'id' | 'status' | 'keep'>[]>
  listComplete(runId: string): Promise<readonly CompleteCheckpoint[]>
  /** What else needs complete ones of a run, by their ids. */
  needs(runId: string): Promise<ReadonlyMap<string, readonly Need[]>>
  /** The newest complete one. */
  findNewest(runId: string): Promise<Checkpoint | null>
  markDeleted(id: string): Promise<void>
  update(id: string, patch: Pick<Checkpoint, 'keep'>): Promise<void>
  /** Lock its run before; ask UseStore after. */
  remove(id: string): Promise<void>
}

export interface EvaluationFilter {
  /** A part of it, in upper or lower case alike. */
  readonly name?: string
  readonly status?: EvaluationStatus
  readonly modelId?: string
  /** That asked for it. */
  readonly runId?: string
  /** The bank, of any version unless one is named. */
  readonly dataset?: { readonly datasetId: string; readonly version?: number }
  /** There is a result of it. */
  readonly protocol?: AnyProtocol
}

export interface EvaluationStore {
  /**
   * Hold its dataset versions before, in the same unit of work: `loadVersion` with `lock: 'share'`. Throws checkpoint_not_found
   * or model_not_found when what it measures was removed meanwhile.
   */
  insert(evaluation: Evaluation): Promise<void>
  find(projectId: string, id: string): Promise<Evaluation | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<Evaluation | null>
  list(projectId: string, filter: EvaluationFilter, page: PageRequest): Promise<Page<Evaluation>>
  /** Of any project, oldest first: those behind this id, or the first. */
  listOpen(behind: string | null, limit: number): Promise<readonly Pick<Evaluation, 'id' | 'projectId'>[]>
  /** Of a checkpoint of the run, that the run asked for and nobody has begun; its row stays locked until the transaction ends. */
  lockWaiting(runId: string): Promise<Evaluation | null>
  /** Lock it before. */
  remove(id: string): Promise<void>
  update(id: string, patch: EvaluationPatch): Promise<void>
  /** Of an evaluation that has none yet. */
  insertPrototypes(evaluation: Pick<Evaluation, 'id' | 'projectId'>, used: readonly PrototypeImages[]): Promise<void>
  /** Those that win an image, most used first. */
  listPrototypes(evaluationId: string, page: PageRequest): Promise<Page<PrototypeImages>>
  /** Null for one that wins none. */
  findPrototype(evaluationId: string, prototype: number): Promise<PrototypeImages | null>
  insertGroundTruth(evaluation: Pick<Evaluation, 'id' | 'projectId'>, truth: GroundTruth): Promise<void>
  loadGroundTruth(evaluationId: string): Promise<GroundTruth | null>
}

/** What changes while it is worked on, and what people say of it. */
export type EvaluationPatch = Partial<
  Pick<
    Evaluation,
    | 'name'
    | 'metadata'
    | 'checkpointId'
    | 'step'
    | 'status'
    | 'attempt'
    | 'progress'
    | 'results'
    | 'leftOut'
    | 'prototypes'
    | 'error'
    | 'startedAt'
    | 'finishedAt'
  >
>

/** Everything that is written together. Inside a unit of work all of it, the queue included, is one transaction. */
export interface Stores {
  readonly keys: KeyStore
  readonly projects: ProjectStore
  readonly datasets: DatasetStore
  readonly runs: RunStore
  readonly sweeps: SweepStore
  readonly events: EventStore
  readonly metrics: MetricStore
  readonly stepReports: StepReportStore
  readonly checkpoints: CheckpointStore
  readonly models: ModelStore
  readonly modelAliases: ModelAliasStore
  readonly prototypes: PrototypeStore
  readonly evaluations: EvaluationStore
  readonly vectorSets: VectorSetStore
  readonly vectors: VectorStore
  readonly drift: DriftStore
  readonly files: FileStore
  readonly batches: BatchStore
  readonly removals: RemovalStore
  readonly uses: UseStore
  readonly owners: OwnerStore
  readonly idempotency: IdempotencyStore
  readonly workers: WorkerStore
  readonly jobTries: JobTriesStore
  readonly audit: AuditStore
  readonly webhooks: WebhookStore
  readonly deliveries: WebhookDeliveryStore
  readonly jobs: JobQueue
  /** The database's clock: leases are compared by it alone, so that no worker's clock takes a run from another. */
  now(): Promise<Date>
}

/**
 * What was undone because others changed the same is done again, so `work` does nothing elsewhere that it could not do twice; unless it is
 * `once`, and then fails with write_conflict.
 */
export type UnitOfWork = <T>(work: (stores: Stores) => Promise<T>, how?: { readonly once: true }) => Promise<T>

/** What somebody sees and changes. */
export interface Reach {
  readonly stores: Stores
  readonly unitOfWork: UnitOfWork
}

/**
 * That of a project. Rows of another are not there, also where a statement forgets to say whose it wants: the database sees to it.
 * Methods that are of any project say so.
 */
export type ReachOf = (projectId: string) => Reach
