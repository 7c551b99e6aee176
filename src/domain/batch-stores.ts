/** Batches and the files that they read and write. Implementation: storage/postgres. */
import type { Batch } from './batch.ts'
import type { FilePurpose, StoredRequests } from './file.ts'
import type { Page, PageRequest } from './page.ts'

export interface FileStore {
  insert(file: StoredRequests): Promise<void>
  /** With a lock, the row cannot be removed until the transaction ends: `share` for who needs it, `alone` for who removes it. */
  find(projectId: string, id: string, options?: { readonly lock: 'share' | 'alone' }): Promise<StoredRequests | null>
  list(projectId: string, filter: { readonly purpose?: FilePurpose }, page: PageRequest): Promise<Page<StoredRequests>>
  /** Lock it before. */
  remove(id: string): Promise<void>
}

/** What changes while it is worked on. */
export type BatchPatch = Partial<
  Pick<
    Batch,
    | 'status'
    | 'attempt'
    | 'counts'
    | 'expectedBytes'
    | 'outputFileId'
    | 'errorFileId'
    | 'error'
    | 'startedAt'
    | 'finalizingAt'
    | 'cancellingAt'
    | 'finishedAt'
  >
>

export interface BatchStore {
  /** Hold its input file before, in the same unit of work. Throws model_not_found when the model was removed meanwhile. */
  insert(batch: Batch): Promise<void>
  find(projectId: string, id: string): Promise<Batch | null>
  /** For workers, which serve every project. With `lock`, the row stays locked until the transaction ends. */
  load(id: string, options?: { lock: boolean }): Promise<Batch | null>
  list(projectId: string, page: PageRequest): Promise<Page<Batch>>
  /** Of any project, oldest first: those behind this id, or the first. */
  listOpen(behind: string | null, limit: number): Promise<readonly Pick<Batch, 'id' | 'projectId'>[]>
  /** Open ones that read this file. */
  reading(fileId: string): Promise<readonly string[]>
  update(id: string, patch: BatchPatch): Promise<void>
  /** Lock it before. */
  remove(id: string): Promise<void>
}
