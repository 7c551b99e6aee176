/** What is kept in the database, in the platform's own words. Implementation: storage/postgres. */
import type { AnyProtocol } from '../base/evaluation.ts'
import type { GroundTruth } from '../base/ground-truth.ts'
import type { ApiKey } from './access.ts'
import type { AuditEntry } from './audit.ts'
import type { Failure } from './blame.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Dataset, DatasetVersion, Upload } from './dataset.ts'
import type { Evaluation, EvaluationStatus } from './evaluation.ts'
import type { KappaSummary, KappaView, Model, NewModel, Prototype } from './model.ts'
import type { ModelAlias } from './model-name.ts'
import type { Page, PageRequest } from './page.ts'
import type { JobQueue } from './ports.ts'
import type { Project, Usage } from './project.ts'
import type { OwnerStore, RemovalStore, UseStore } from './removal-stores.ts'
import type {
  CheckpointPolicy,
  Lease,
  LogHead,
  MetricPoint,
  MetricSeries,
  NewRunEvent,
  Run,
  RunEvent,
  RunIntent,
  RunProgress,
  RunStatus
} from './run.ts'
import type { Sweep, SweepPatch, SweepRuns } from './sweep.ts'
import type { WebhookDeliveryStore, WebhookStore } from './webhook-stores.ts'
import type { WorkerRecord } from './worker.ts'

export interface KeyStore {
  ensureProject(name: string): Promise<Project>
  insert(key: ApiKey): Promise<void>
  /** Any project: this is how a request finds its own. */
  findById(keyId: string): Promise<ApiKey | null>
  /** Those that exist, in any order. */
  findMany(keyIds: readonly string[]): Promise<readonly ApiKey[]>
  list(projectId: string, page: PageRequest): Promise<Page<ApiKey>>
  /** Admin keys that are not revoked, expired ones too. Until the transaction ends nobody else gets them. */
  lockAdmins(projectId: string): Promise<readonly ApiKey[]>
  /** The same of the installation's, in any project. */
  lockInstanceAdmins(): Promise<readonly ApiKey[]>
  revoke(projectId: string, keyId: string, at: Date): Promise<boolean>
  touch(keyId: string, at: Date): Promise<void>
}

export interface ProjectStore {
  /** Throws project_name_taken. */
  insert(project: Project): Promise<void>
  /** With `lock`, the row stays locked until the transaction ends; what belongs to it may be written meanwhile. */
  find(id: string, options?: { lock: boolean }): Promise<Project | null>
  list(page: PageRequest): Promise<Page<Project>>
  /** Throws project_name_taken. */
  update(id: string, patch: Partial<Pick<Project, 'name' | 'quotas'>>): Promise<void>
  /** Uploads that have expired before `now` are not counted. */
  usage(id: string, now: Date): Promise<Usage>
}

export interface DatasetStore {
  insert(dataset: Dataset): Promise<void>
  /** With `lock`, the row stays locked until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: boolean }): Promise<Dataset | null>
  update(id: string, patch: Partial<Pick<Dataset, 'name' | 'metadata'>>): Promise<void>
  list(projectId: string, page: PageRequest): Promise<Page<Dataset>>
  /** Removes the dataset, its versions and uploads; false when there is none. Ask UseStore after it. */
  remove(projectId: string, id: string): Promise<boolean>
  /** Throws dataset_not_found when the dataset was removed meanwhile. */
  insertUpload(upload: Upload): Promise<void>
  findUpload(projectId: string, id: string): Promise<Upload | null>
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
  /** Takes the next number of the dataset; safe under concurrent calls. */
  insertVersion(
    version: Omit<DatasetVersion, 'version' | 'prefix'>,
    prefixOf: (version: number) => string
  ): Promise<DatasetVersion>
  /** Of any project, oldest first: those that are to be made. */
  listOpenVersions(limit: number): Promise<readonly DatasetVersion[]>
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
  readonly status?: RunStatus
  readonly datasetId?: string
  readonly sweepId?: string
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
  /** With its checkpoints, events and metrics. Lock it before; ask UseStore after. */
  remove(id: string): Promise<void>
  /** Raises the lease epoch unless the run has ended or another worker's lease is alive; null when it cannot be had. */
  claim(id: string, worker: string, expiresAt: Date, now: Date): Promise<Run | null>
  /** False when the lease is no longer ours: then nothing was written. */
  updateUnderLease(lease: Lease, patch: RunPatch): Promise<boolean>
  /** Unfenced: for users' requests, inside a transaction that locked the row. */
  update(id: string, patch: RunPatch & Partial<Pick<Run, 'desired' | 'recipe'>>): Promise<void>
  /**
   * Up to 500 runs that may need a job, oldest first, for the supervisor: those whose lease expired before `now` and those
   * that nobody holds. Enqueue a leg for each; where one is waiting or running, that changes nothing.
   */
  listExpiredLeases(now: Date): Promise<readonly Run[]>
}

export interface SweepStore {
  insert(sweep: Sweep): Promise<void>
  /** With `lock`, the row stays locked until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: boolean }): Promise<Sweep | null>
  list(projectId: string, page: PageRequest): Promise<Page<Sweep>>
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
  /** Null: all. One that ends with `*` stands for all that begin so. */
  readonly keys: readonly string[] | null
  readonly fromStep: number | null
  readonly toStep: number | null
  readonly maxPoints: number
}

export interface LatestPoint extends MetricPoint {
  readonly runId: string
}

export interface MetricStore {
  /** Upserts on (run, key, step): a retried batch or a repeated step never draws two curves. */
  write(runId: string, points: readonly MetricPoint[]): Promise<void>
  read(runId: string, query: MetricQuery): Promise<readonly MetricSeries[]>
  /** The last point of each key that each run has; keys are whole names. */
  latest(runIds: readonly string[], keys: readonly string[]): Promise<readonly LatestPoint[]>
  /** A resumed run repeats the steps after its checkpoint: what the lost leg wrote there goes away. */
  removeAfter(runId: string, step: number): Promise<void>
}

/** What a leg says of its steps. */
export interface FencedReport {
  readonly lease: Lease
  readonly points: readonly MetricPoint[]
  readonly progress: RunProgress
  readonly imagesPerSecond: number | null
  readonly etaS: number | null
}

export interface StepReportStore {
  /**
   * Writes points (upserts, as MetricStore) and positions of runs whose lease is still the report's, and renews those leases. A
   * run comes once at most.
   *
   * @returns what is wished of the runs that it wrote of; of the others nothing was written
   */
  write(reports: readonly FencedReport[], leaseExpiresAt: Date): Promise<ReadonlyMap<string, RunIntent>>
}

export interface CheckpointStore {
  insert(checkpoint: Checkpoint): Promise<void>
  /** With `lock: 'share'`, the row cannot be removed or retired until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: 'share' }): Promise<Checkpoint | null>
  load(id: string): Promise<Checkpoint | null>
  listByRun(projectId: string, runId: string, page: PageRequest): Promise<Page<Checkpoint>>
  /** All there are, retired ones too, oldest first. */
  listKeeping(runId: string): Promise<readonly Pick<Checkpoint, 'id' | 'status' | 'keep'>[]>
  /**
   * Complete ones of a run that its policy does not keep, oldest first, less those that a user keeps, a model was made from, an
   * unfinished run begins from or an unfinished evaluation measures.
   */
  listSuperseded(
    runId: string,
    policy: Pick<CheckpointPolicy, 'keepLast' | 'keepEveryEpochs'>
  ): Promise<readonly Checkpoint[]>
  /** The newest complete one. */
  findNewest(runId: string): Promise<Checkpoint | null>
  markDeleted(id: string): Promise<void>
  update(id: string, patch: Pick<Checkpoint, 'keep'>): Promise<void>
  /** Lock its run before; ask UseStore after. */
  remove(id: string): Promise<void>
}

export interface ModelFilter {
  readonly name?: string
}

export interface ModelStore {
  /** Gives it the next version of its name: call it in a unit of work. */
  insert(model: NewModel): Promise<Model>
  /** Of any project, oldest first. */
  listExporting(limit: number): Promise<readonly Model[]>
  find(projectId: string, id: string): Promise<Model | null>
  findVersion(projectId: string, name: string, version: number): Promise<Model | null>
  findByAlias(projectId: string, name: string, alias: string): Promise<Model | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<Model | null>
  list(projectId: string, filter: ModelFilter, page: PageRequest): Promise<Page<Model>>
  /** Gives it the next version of the other name: call it in a unit of work that has locked it. */
  rename(model: Model, name: string | null): Promise<Model>
  update(id: string, patch: Partial<Omit<NewModel, 'name'>>): Promise<void>
  /** With its prototypes; false when there was none. Ask UseStore after it. */
  remove(projectId: string, id: string): Promise<boolean>
}

export interface ModelAliasStore {
  /** Until the transaction ends nobody else gives the name, or moves an alias of it. False where no model ever had it. */
  lockName(projectId: string, name: string): Promise<boolean>
  hasName(projectId: string, name: string): Promise<boolean>
  find(projectId: string, name: string, alias: string): Promise<ModelAlias | null>
  /** By alias. */
  list(projectId: string, name: string, page: PageRequest): Promise<Page<ModelAlias>>
  /** Writes it, whether or not it was there. */
  put(alias: ModelAlias): Promise<void>
  remove(alias: Pick<ModelAlias, 'projectId' | 'name' | 'alias'>): Promise<void>
}

export interface EvaluationFilter {
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
  /** Of any project, oldest first. */
  listOpen(limit: number): Promise<readonly Pick<Evaluation, 'id' | 'projectId'>[]>
  /** Of a checkpoint of the run, that the run asked for and nobody has begun; its row stays locked until the transaction ends. */
  lockWaiting(runId: string): Promise<Evaluation | null>
  /** Lock it before. */
  remove(id: string): Promise<void>
  update(id: string, patch: EvaluationPatch): Promise<void>
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
    | 'error'
    | 'startedAt'
    | 'finishedAt'
  >
>

/** By the fitted kappa only prototypes that have one are listed. */
export type PrototypeSort = 'index' | '-kappa' | 'kappa' | '-usage' | 'usage' | '-fitted_kappa' | 'fitted_kappa'

export interface PrototypeStore {
  replaceAll(modelId: string, prototypes: readonly Prototype[]): Promise<void>
  find(modelId: string, index: number): Promise<Prototype | null>
  /** `after` is an opaque cursor of this store. */
  list(modelId: string, sort: PrototypeSort, page: PageRequest): Promise<Page<Prototype>>
  /** Null when no prototype has a kappa in this view. */
  kappa(modelId: string, view: KappaView, bins: number): Promise<KappaSummary | null>
}

export interface IdempotencyRecord {
  readonly projectId: string
  readonly key: string
  readonly route: string
  readonly requestHash: string
  /** Null until the end of the transaction that makes it. */
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  } | null
  readonly createdAt: Date
}

export interface AuditFilter {
  readonly actor?: string
  readonly action?: string
  readonly subject?: string
  /** This instant and later. */
  readonly from?: Date
  /** Before this instant. */
  readonly until?: Date
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>
  list(projectId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>
}

type IdempotencyName = Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>

export interface IdempotencyStore {
  /** Removes what is older than 24 h before, of every project. */
  find(name: IdempotencyName, now: Date): Promise<IdempotencyRecord | null>
  /**
   * In a unit of work: waits for another one that has inserted it, and returns its record once that is committed. Throws
   * idempotency_in_progress when it has waited for seconds.
   */
  insert(record: IdempotencyRecord): Promise<IdempotencyRecord | null>
  finish(name: IdempotencyName, response: NonNullable<IdempotencyRecord['response']>): Promise<void>
}

export interface WorkerStore {
  put(worker: WorkerRecord): Promise<void>
  remove(name: string): Promise<void>
  removeUnseen(since: Date): Promise<void>
  listSeen(since: Date): Promise<readonly WorkerRecord[]>
}

/** How often a job was tried; there is no row before the first try, nor after its end. */
export interface JobTries {
  /** Id of the model or evaluation; of a version as `ds_…@3`. */
  readonly subject: string
  readonly projectId: string
  /** The worker that has it; null between two tries. */
  readonly holder: string | null
  readonly failures: readonly Failure[]
  readonly changedAt: Date
}

export interface JobTriesStore {
  /** The row stays locked until the transaction ends. */
  load(subject: string): Promise<JobTries | null>
  loadMany(subjects: readonly string[]): Promise<readonly JobTries[]>
  put(tries: JobTries): Promise<void>
  remove(subject: string): Promise<void>
  /** Of all its versions. */
  removeOfDataset(datasetId: string): Promise<void>
  removeUnchanged(since: Date): Promise<void>
}

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

export type UnitOfWork = <T>(work: (stores: Stores) => Promise<T>) => Promise<T>
