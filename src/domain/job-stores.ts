/** Workers, and the tries of jobs, as they are kept. Implementation: storage/postgres. */
import type { Failure } from './blame.ts'
import type { WorkerRecord } from './worker.ts'

export interface WorkerStore {
  put(worker: WorkerRecord): Promise<void>
  remove(name: string): Promise<void>
  removeUnseen(since: Date): Promise<void>
  listSeen(since: Date): Promise<readonly WorkerRecord[]>
}

/** How often a job was tried; there is no row before the first try, nor after its end. */
export interface JobTries {
  /** Id of the model, evaluation, vector set or batch; of a version as `ds_…@3`. */
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
