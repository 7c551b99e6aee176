/** What users do with vector sets: ask for them, look at them, take their files, cancel. What workers do: vector-set-jobs.ts. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import {
  checkVectorSetCancelable,
  isVectorSetEnded,
  MAP_FILE,
  type VectorSet,
  type VectorSetStatus,
  vectorSetPrefix
} from '../../domain/vector-set.ts'
import type { VectorSetFilter } from '../../domain/vector-stores.ts'
import { parseReference } from '../datasets/dataset-versions.ts'
import { type DescriptionPatch, described } from '../description.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { endTries } from '../jobs/job-tries.ts'
import type { Artifact, ModelService } from '../models/models.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { refuseInUse } from '../removals/refuse-in-use.ts'
import { planVectorSet, type VectorSetPlanDeps } from './plan-vector-set.ts'
import { removalOfVectorSet } from './vector-set-removal.ts'

export interface VectorSetServiceDeps extends VectorSetPlanDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'vectorSets' | 'vectors'>
  readonly models: Pick<ModelService, 'get' | 'getReady'>
  readonly objects: Pick<ObjectStore, 'downloadUrl' | 'getRange'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
}

export interface VectorSetRequest {
  readonly name: string | null
  /** Its id, `name@version`, `name@alias`, or the id of its run. */
  readonly model: string
  /** `ds_…@3`, or `ds_…` for its latest ready version. */
  readonly dataset: string
  readonly isSearched: boolean
  /** Null: as the model can. */
  readonly isAssigned: boolean | null
  readonly metadata: JsonObject
}

export interface VectorSetQuery {
  /** A part of it, in upper or lower case alike. */
  readonly name?: string
  readonly model?: string
  /** `ds_…@3`, or `ds_…` for any version. */
  readonly dataset?: string
  readonly status?: VectorSetStatus
}

/** JSON, in chunks: as it is stored, which nobody parses here. */
export interface VectorMapFile {
  readonly bytes: number
  readonly etag: string
  read(): AsyncIterable<Uint8Array>
}

const CHUNK_BYTES = 1024 * 1024
const DOWNLOAD_EXPIRES_IN_S = 3600
/** Of float32, in two files: npy and Parquet. */
const BYTES_OF_NUMBER = 8

export type VectorSetService = ReturnType<typeof createVectorSetService>

/** @throws AppError vector_set_not_found */
export async function findVectorSet(
  stores: Pick<Stores, 'vectorSets'>,
  projectId: string,
  id: string
): Promise<VectorSet> {
  const set = await stores.vectorSets.find(projectId, id)
  if (set === null) throw new AppError('vector_set_not_found', { vectorSetId: id })
  return set
}

/** @throws AppError vector_set_not_ready */
export function checkSucceeded({ id, status, error }: VectorSet): void {
  if (status === 'succeeded') return
  const message = `Vector set ${id} is ${status}${error ? ` (${error.code})` : ''}.`
  throw new AppError('vector_set_not_ready', { message, vectorSetId: id })
}

export function createVectorSetService(deps: VectorSetServiceDeps) {
  const { unitOfWork, stores, models, objects, clock, newId } = deps

  async function filterOf(projectId: string, query: VectorSetQuery): Promise<VectorSetFilter> {
    const { name, model, dataset, status } = query
    const position = dataset === undefined ? undefined : parseReference(dataset)
    if (position === null) {
      throw new AppError('invalid_request', { errors: [{ path: 'dataset', message: 'must be ds_… or ds_…@3' }] })
    }
    const modelId = model !== undefined && /^run_|@/.test(model) ? (await models.get(projectId, model)).id : model
    return {
      ...(name !== undefined && { name }),
      ...(modelId !== undefined && { modelId }),
      ...(position && { dataset: position }),
      ...(status && { status })
    }
  }

  /** Locked, of this project. @throws AppError vector_set_not_found */
  async function lock(tx: Stores, projectId: string, id: string): Promise<VectorSet> {
    const known = await tx.vectorSets.load(id, { lock: true })
    if (known?.projectId !== projectId) throw new AppError('vector_set_not_found', { vectorSetId: id })
    return known
  }

  return {
    get: (projectId: string, id: string): Promise<VectorSet> => findVectorSet(stores, projectId, id),

    /**
     * @throws AppError model_not_found, model_not_ready, dataset_not_found, dataset_version_not_found, dataset_version_not_ready,
     *   vector_set_impossible, quota_exceeded
     */
    async create(projectId: string, request: VectorSetRequest): Promise<VectorSet> {
      const { name, metadata } = request
      const plan = await planVectorSet(deps, projectId, request)
      const createdAt = new Date(clock.now())
      const set: VectorSet = {
        id: newId('vectorSet'),
        projectId,
        name,
        ...plan,
        metadata,
        status: 'queued',
        attempt: 0,
        files: [],
        error: null,
        createdAt,
        startedAt: null,
        finishedAt: null
      }
      return unitOfWork(async (tx) => {
        await holdVersion(tx, set)
        const storageBytes = set.progress.totalImages * set.dimensions * BYTES_OF_NUMBER
        await checkQuotas(tx, { projectId, wanted: { storageBytes }, now: createdAt })
        await tx.vectorSets.insert(set)
        await tx.jobs.enqueue('embed-dataset', { vectorSetId: set.id }, { key: set.id, project: projectId })
        return set
      })
    },

    /** @throws AppError model_not_found, model_not_ready for a run without one; invalid_request for a dataset that is none */
    list: async (projectId: string, query: VectorSetQuery, page: PageRequest): Promise<Page<VectorSet>> =>
      stores.vectorSets.list(projectId, await filterOf(projectId, query), page),

    /** @throws AppError vector_set_not_found, precondition_failed, metadata_full */
    describe: (projectId: string, id: string, patch: DescriptionPatch & Expecting<VectorSet>): Promise<VectorSet> =>
      unitOfWork(async (tx) => {
        const known = await lock(tx, projectId, id)
        checkExpected(known, patch, `Vector set ${id}`)
        const changed = described(known, patch)
        await tx.vectorSets.update(id, changed)
        return { ...known, ...changed }
      }),

    /** Files with URLs that need no key until they expire. @throws AppError vector_set_not_found, vector_set_not_ready */
    async listFiles(
      projectId: string,
      id: string
    ): Promise<{ readonly artifacts: readonly Artifact[]; readonly expiresAt: Date }> {
      const set = await findVectorSet(stores, projectId, id)
      checkSucceeded(set)
      const expiresAt = new Date(clock.now() + DOWNLOAD_EXPIRES_IN_S * 1000)
      const artifacts = set.files.map(async (file) => {
        const url = await objects.downloadUrl(`${vectorSetPrefix(id)}${file.name}`, DOWNLOAD_EXPIRES_IN_S, file.name)
        return { ...file, url }
      })
      return { artifacts: await Promise.all(artifacts), expiresAt }
    },

    /**
     * @throws AppError vector_set_not_found, vector_set_not_ready; artifact_not_found of one that was made before there were maps
     */
    async getMap(projectId: string, id: string): Promise<VectorMapFile> {
      const set = await findVectorSet(stores, projectId, id)
      checkSucceeded(set)
      const file = set.files.find(({ name }) => name === MAP_FILE)
      if (file === undefined) {
        const message = `Vector set ${id} has no map: it was made by a version of Kappa without them.`
        throw new AppError('artifact_not_found', { message, vectorSetId: id })
      }
      const read = async function* () {
        for (let at = 0; at < file.bytes; at += CHUNK_BYTES)
          yield await objects.getRange(`${vectorSetPrefix(id)}${MAP_FILE}`, at, Math.min(CHUNK_BYTES, file.bytes - at))
      }
      return { bytes: file.bytes, etag: `"${file.sha256}"`, read }
    },

    /**
     * It has ended then; a worker that makes it sees that within a second, and removes what it has written.
     *
     * @throws AppError vector_set_not_found, vector_set_not_cancelable
     */
    cancel: (projectId: string, id: string): Promise<VectorSet> =>
      unitOfWork(async (tx) => {
        const known = await lock(tx, projectId, id)
        checkVectorSetCancelable(known)
        if (isVectorSetEnded(known)) return known
        const patch = { status: 'cancelled', finishedAt: new Date(clock.now()) } as const
        await tx.vectorSets.update(id, patch)
        await tx.jobs.dequeue('embed-dataset', id)
        await endTries(tx, { subject: id })
        await tx.removals.add([removalOfVectorSet(known)], patch.finishedAt)
        return { ...known, ...patch }
      }),

    /** @throws AppError vector_set_not_found, vector_set_not_deletable */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        const known = await lock(tx, projectId, id)
        if (!isVectorSetEnded(known)) {
          const message = `Vector set ${id} is ${known.status}: cancel it first.`
          throw new AppError('vector_set_not_deletable', { message, vectorSetId: id })
        }
        await tx.vectorSets.remove(id)
        const wanted = {
          code: 'vector_set_not_deletable',
          name: `Vector set ${id}`,
          details: { vectorSetId: id }
        } as const
        refuseInUse(await tx.uses.ofVectorSet(id), wanted)
        await tx.removals.add([removalOfVectorSet(known)], new Date(clock.now()))
      })
  }
}

/** Until the transaction ends it cannot be removed. @throws AppError dataset_version_not_found when it was removed meanwhile */
async function holdVersion(tx: Stores, { projectId, dataset: { datasetId, version } }: VectorSet): Promise<void> {
  const known = await tx.datasets.loadVersion(datasetId, version, { lock: 'share' })
  if (known?.projectId === projectId && known.status === 'ready') return
  throw new AppError('dataset_version_not_found', { message: `${datasetId}@${version} is gone.` })
}
