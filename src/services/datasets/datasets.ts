/** Datasets: made, found and removed here; filled in uploads.ts and dataset-versions.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError, toError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import type { Dataset } from '../../domain/dataset.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { createVersionVerbs, datasetPrefix } from './dataset-versions.ts'
import { createUploadVerbs, uploadPrefix } from './uploads.ts'

export interface DatasetServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly logger: Logger
  readonly limits: { readonly uploadBytes: number }
}

export type DatasetService = ReturnType<typeof createDatasetService>

export function createDatasetService(deps: DatasetServiceDeps) {
  const { unitOfWork, stores, objects, clock, newId, logger } = deps

  async function get(projectId: string, id: string): Promise<Dataset> {
    const dataset = await stores.datasets.find(projectId, id)
    if (dataset === null) throw new AppError('dataset_not_found', { datasetId: id })
    return dataset
  }

  return {
    ...createUploadVerbs(deps),
    ...createVersionVerbs({ ...deps, get }),
    get,

    async create(
      projectId: string,
      request: { readonly name: string; readonly metadata: JsonObject }
    ): Promise<Dataset> {
      const createdAt = new Date(clock.now())
      const dataset = { id: newId('dataset'), projectId, ...request, latestVersion: null, createdAt }
      await unitOfWork((tx) => tx.datasets.insert(dataset))
      return dataset
    },

    list: (projectId: string, page: PageRequest): Promise<Page<Dataset>> => stores.datasets.list(projectId, page),

    /** @throws AppError dataset_not_found, metadata_full */
    describe: (projectId: string, id: string, patch: DescriptionPatch<string>): Promise<Dataset> =>
      unitOfWork(async (tx) => {
        const known = await tx.datasets.find(projectId, id, { lock: true })
        if (known === null) throw new AppError('dataset_not_found', { datasetId: id })
        const changed = described(known, patch)
        await tx.datasets.update(id, changed)
        return { ...known, ...changed }
      }),

    /** @throws AppError dataset_not_found, dataset_in_use */
    async remove(projectId: string, id: string): Promise<void> {
      await unitOfWork(async (tx) => {
        if (!(await tx.datasets.remove(projectId, id))) throw new AppError('dataset_not_found', { datasetId: id })
        // After the removal: a run that is being inserted holds the version, so it has been waited for and is counted.
        const runs = await tx.runs.countUnfinishedByDataset(id)
        const evaluations = await tx.evaluations.countUnfinishedByDataset(id)
        if (runs + evaluations > 0) throw new AppError('dataset_in_use', { datasetId: id, runs, evaluations })
      })
      for (const prefix of [datasetPrefix(id), uploadPrefix(id)]) {
        try {
          await objects.removePrefix(`${prefix}/`)
        } catch (error) {
          // The records are gone and the answer stays true; what is left is unreachable and named here for removal.
          logger.warn(
            { datasetId: id, prefix, error: toError(error).message },
            'objects of a removed dataset are left over'
          )
        }
      }
    }
  }
}
