/** What is kept of things that go: who needs them, and what of them is left. Implementation: storage/postgres. */
import type { OwnedPrefix } from './owned-prefix.ts'
import type { NewRemoval, Removal, Uses } from './removal.ts'

/** Objects that are still to go: written where their record is removed, taken by workers. */
export interface RemovalStore {
  /** A prefix that is there already is due again. */
  add(removals: readonly NewRemoval[], at: Date): Promise<void>
  /** Those that are due and were written by `writtenBy`, longest first, of any project; nobody else gets them before `heldUntil`. */
  claim(
    at: { readonly now: Date; readonly writtenBy: Date; readonly heldUntil: Date },
    limit: number
  ): Promise<readonly Removal[]>
  /** Whether an object is still to go, whoever's it was. */
  covers(key: string): Promise<boolean>
  finish(removal: Removal): Promise<void>
  postpone(removal: Removal, error: string, dueAt: Date): Promise<void>
}

/**
 * Who still needs something. Ask after it was removed, in the same unit of work: whoever begins to need it holds its row, so the
 * removal waits for that and then sees it here; whoever comes later finds nothing.
 */
export interface UseStore {
  /** As training images, as bank, as queries or as other images, or as what another version is selected from. Without a version, of any. */
  ofDataset(datasetId: string, version?: number): Promise<Uses>
  /** Versions that are selected by it, or get labels from it. */
  ofVectorSet(id: string): Promise<Uses>
  ofModel(modelId: string): Promise<Uses>
  ofCheckpoints(ids: readonly string[]): Promise<Uses>
  /** Evaluations that it asked for, and models that are made from it. */
  ofRun(runId: string): Promise<Uses>
  ofUpload(uploadId: string): Promise<Uses>
  /** What is worked on in it, or will be; a run that is paused is not. */
  ofProject(projectId: string): Promise<Uses>
}

/** Whose objects are whose. */
export interface OwnerStore {
  /** Those of these that nothing in the database stands for; what the holder of a run's lease may be writing is spared, and what waits for its removal. */
  unowned(prefixes: readonly OwnedPrefix[]): Promise<ReadonlySet<string>>
  /** Those of these multipart uploads that no upload stands for. */
  unownedUploads(multipartIds: readonly string[]): Promise<ReadonlySet<string>>
}
