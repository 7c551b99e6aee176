/** Datasets: made, found and described here; filled in uploads.ts and dataset-versions.ts, removed in dataset-removal.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import type { Dataset } from '../../domain/dataset.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Inference, ObjectStore } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { createDatasetRemoval } from './dataset-removal.ts'
import { createVersionVerbs } from './dataset-versions.ts'
import { createSelectionVerbs } from './select-images.ts'
import { createUploadVerbs } from './uploads.ts'

export interface DatasetServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly inference: Pick<Inference, 'picture'>
  /** False: no image of a dataset is given out. */
  readonly showImages: boolean
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly logger: Logger
  readonly limits: { readonly uploadBytes: number }
}

export type DatasetService = ReturnType<typeof createDatasetService>

export function createDatasetService(deps: DatasetServiceDeps) {
  const { unitOfWork, stores, clock, newId } = deps

  async function get(projectId: string, id: string): Promise<Dataset> {
    const dataset = await stores.datasets.find(projectId, id)
    if (dataset === null) throw new AppError('dataset_not_found', { datasetId: id })
    return dataset
  }

  const versions = createVersionVerbs({ ...deps, get })
  return {
    ...createUploadVerbs(deps),
    ...versions,
    ...createSelectionVerbs({ ...deps, get, getReadyVersion: versions.getReadyVersion }),
    ...createDatasetRemoval(deps),
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

    list: (projectId: string, page: PageRequest & { readonly name?: string | undefined }): Promise<Page<Dataset>> =>
      stores.datasets.list(projectId, page),

    /** @throws AppError dataset_not_found, precondition_failed, metadata_full */
    describe: (projectId: string, id: string, patch: DescriptionPatch<string> & Expecting<Dataset>): Promise<Dataset> =>
      unitOfWork(async (tx) => {
        const known = await tx.datasets.find(projectId, id, { lock: true })
        if (known === null) throw new AppError('dataset_not_found', { datasetId: id })
        checkExpected(known, patch, `Dataset ${id}`)
        const changed = described(known, patch)
        await tx.datasets.update(id, changed)
        return { ...known, ...changed }
      })
  }
}
