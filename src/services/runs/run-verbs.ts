/** Users' wishes for a run that exists. Its worker, if it has one, learns of them at its next heartbeat (legs.ts). */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Run } from '../../domain/run.ts'
import { askFor, type RunVerb } from '../../domain/run-verbs.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { dequeueLeg, enqueueLeg } from './leg-job.ts'
import { stateEvent } from './leg-lease.ts'

export interface RunVerbDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
}

/** @throws AppError run_not_found, what `askFor` throws, quota_exceeded, and dataset_version_not_found where there is nothing left to train on */
export const createRunVerb =
  ({ unitOfWork, clock }: RunVerbDeps) =>
  (projectId: string, { id, verb }: { readonly id: string; readonly verb: RunVerb }): Promise<Run> =>
    unitOfWork(async (tx) => {
      const known = await tx.runs.load(id, { lock: true })
      if (known?.projectId !== projectId) throw new AppError('run_not_found', { runId: id })
      const now = new Date(clock.now())
      const patch = askFor(verb, known, now)
      if (patch === null) return known
      if (patch.status === 'queued') {
        await checkQuotas(tx, { projectId, wanted: { queuedRuns: 1, storageBytes: 0 }, now })
        await holdImages(tx, known)
      }
      await tx.runs.update(id, patch)
      const run: Run = { ...known, ...patch }
      await tx.events.append(id, [stateEvent(run)], now)
      if (run.status === 'queued') await enqueueLeg(tx, run, 0)
      if (run.status === 'paused' || run.status === 'cancelled') await dequeueLeg(tx, run)
      return run
    })

export interface RunDescription extends DescriptionPatch {
  readonly archived?: boolean
}

/** @throws AppError run_not_found, precondition_failed, metadata_full */
export const createRunDescription =
  ({ unitOfWork }: Pick<RunVerbDeps, 'unitOfWork'>) =>
  (projectId: string, id: string, patch: RunDescription & Expecting<Run>): Promise<Run> =>
    unitOfWork(async (tx) => {
      const known = await tx.runs.load(id, { lock: true })
      if (known?.projectId !== projectId) throw new AppError('run_not_found', { runId: id })
      checkExpected(known, patch, `Run ${id}`)
      const { archived = known.archived } = patch
      const changed = { ...described(known, patch), archived }
      await tx.runs.update(id, changed)
      return { ...known, ...changed }
    })

/** Nothing kept them while the run had ended; until the transaction does they cannot be removed. */
export async function holdImages(tx: Stores, { datasetId, datasetVersion }: Run): Promise<DatasetVersion> {
  const version = await tx.datasets.loadVersion(datasetId, datasetVersion, { lock: 'share' })
  if (version?.status === 'ready') return version
  const message = `Its images are gone: ${datasetId}@${datasetVersion}.`
  throw new AppError('dataset_version_not_found', { message, datasetId })
}
