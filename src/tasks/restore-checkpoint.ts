/** Where a leg begins: the newest checkpoint whose manifest and files arrive as they were written, that of a fork's parent, or the first step. */
import { join } from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { downloadFiles } from '../cache/transfer.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'
import type { ObjectStore } from '../domain/ports.ts'
import type { Lease } from '../domain/run.ts'
import type { LegRecords } from '../services/runs/leg-records.ts'
import type { Claim } from '../services/runs/legs.ts'
import { checkManifest, MANIFEST } from './checkpoint-manifest.ts'

export interface RestoreOptions {
  readonly objects: ObjectStore
  readonly records: LegRecords
  readonly lease: Lease
  /** Newest first. */
  readonly checkpoints: readonly Checkpoint[]
  readonly folder: string
  readonly signal: AbortSignal
  readonly logger: Logger
}

/**
 * @returns the folder with the files; null when there is no checkpoint to go on from
 * @throws AppError storage_unavailable, storage_full, lease_lost; the signal's reason
 */
export async function restoreCheckpoint(options: RestoreOptions): Promise<string | null> {
  const { records, lease, checkpoints, logger } = options
  for (const checkpoint of checkpoints) {
    const folder = join(options.folder, checkpoint.id)
    try {
      await fetchCheckpoint(checkpoint, { ...options, folder })
      return folder
    } catch (error) {
      if (!isAppError(error, 'object_not_found') && !isAppError(error, 'object_damaged')) throw error
      logger.warn({ err: error, checkpoint: checkpoint.id }, 'a damaged checkpoint is passed over')
      await records.discardCheckpoint(lease, checkpoint, error.message)
    }
  }
  return null
}

export async function fetchCheckpoint(
  checkpoint: Checkpoint,
  { objects, folder, signal }: Pick<RestoreOptions, 'objects' | 'folder' | 'signal'>
): Promise<void> {
  const { prefix, files } = checkpoint
  checkManifest(await objects.get(`${prefix}/${MANIFEST}`), checkpoint)
  await downloadFiles({ objects, prefix, folder, files, signal })
}

/**
 * Where a fork begins that has no checkpoint of its own. A damaged one is its parent's to find: only the parent's own legs
 * discard what they read.
 *
 * @returns null for a run that is no fork
 * @throws AppError init_unavailable, which no other attempt mends; storage_unavailable, storage_full; the signal's reason
 */
export async function fetchFork(
  options: Pick<Claim, 'run' | 'forkedCheckpoint'> & Pick<RestoreOptions, 'objects' | 'folder' | 'signal'>
): Promise<string | null> {
  const { run, forkedCheckpoint } = options
  if (run.forkedFrom === null) return null
  const of = `Checkpoint ${run.forkedFrom.checkpointId}, which the run goes on from,`
  if (forkedCheckpoint === null) throw new AppError('init_unavailable', { message: `${of} is gone.` })
  const folder = join(options.folder, forkedCheckpoint.id)
  await fetchCheckpoint(forkedCheckpoint, { ...options, folder }).catch((error: unknown) => {
    if (!isAppError(error, 'object_not_found') && !isAppError(error, 'object_damaged')) throw error
    throw new AppError('init_unavailable', { message: `${of} cannot be read: ${error.message}` })
  })
  return folder
}
