/** A version of images of another one, chosen by what a vector set knows of them: planned here, made like any other (ingests.ts). */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Dataset, DatasetVersion } from '../../domain/dataset.ts'
import {
  type GivenLabels,
  type ImageChoice,
  MOST_CHOICE_PRODUCTS,
  MOST_CHOSEN_FROM,
  type SelectionSource
} from '../../domain/selection.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { VectorSet } from '../../domain/vector-set.ts'
import { versionSubject } from '../jobs/job-tries.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { checkBank } from '../vector-sets/labelled-set.ts'
import { checkSucceeded, findVectorSet } from '../vector-sets/vector-sets.ts'
import { newVersion, versionPrefix } from './dataset-versions.ts'
import { kindOfSize } from './ingest-kind.ts'

export interface SelectionWish {
  readonly choice: ImageChoice
  /** Of a version of this dataset; or the version's number, where none is needed. */
  readonly of: { readonly vectorSet: string } | { readonly version: number }
  /** Of the choice by numbers; empty for others. */
  readonly indices: readonly number[]
  readonly labels: GivenLabels | null
}

export interface SelectionDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'vectorSets'>
  readonly clock: Clock
  readonly get: (projectId: string, id: string) => Promise<Dataset>
  readonly getReadyVersion: (projectId: string, datasetId: string, version: number) => Promise<DatasetVersion>
}

const impossible = (path: string, message: string): AppError =>
  new AppError('selection_impossible', { message: `${path.slice(1)} ${message}.`, errors: [{ path, message }] })

export function createSelectionVerbs(deps: SelectionDeps) {
  const { unitOfWork, clock, get } = deps
  return {
    /**
     * @throws AppError dataset_not_found, dataset_version_not_found, dataset_version_not_ready, vector_set_not_found, vector_set_not_ready,
     *   vector_set_not_searchable, selection_impossible with a pointer to what cannot be had, quota_exceeded
     */
    async select(projectId: string, datasetId: string, wish: SelectionWish): Promise<DatasetVersion> {
      const dataset = await get(projectId, datasetId)
      const { set, version } = await findSubject(deps, projectId, { datasetId, of: wish.of })
      checkChoice(wish, { set, images: version.images })
      if (wish.labels !== null) await checkLabels(deps, projectId, { set, labels: wish.labels })
      const source = sourceOf(wish, { set, version })
      const kind = kindOfSize(source.readBytes)
      const now = new Date(clock.now())
      return unitOfWork(async (tx) => {
        await hold(tx, projectId, source)
        const share = 'count' in wish.choice ? wish.choice.count / version.images : 1
        const storageBytes = Math.ceil(version.bytes * share)
        await checkQuotas(tx, { projectId, wanted: { storageBytes }, now })
        const planned = { ...newVersion(dataset, source, now), classes: version.classes }
        const prefixOf = (number: number) => versionPrefix(datasetId, number)
        const named = wish.choice.strategy === 'indices' ? wish.indices : null
        const inserted = await tx.datasets.insertVersion(planned, prefixOf, named)
        const key = versionSubject(datasetId, inserted.version)
        await tx.jobs.enqueue(kind, { datasetId, version: inserted.version }, { key, project: projectId })
        return inserted
      })
    }
  }
}

interface Subject {
  readonly set: VectorSet | null
  readonly version: DatasetVersion
}

async function findSubject(
  { stores, getReadyVersion }: SelectionDeps,
  projectId: string,
  { datasetId, of }: Pick<SelectionWish, 'of'> & { readonly datasetId: string }
): Promise<Subject> {
  if ('version' in of) return { set: null, version: await getReadyVersion(projectId, datasetId, of.version) }
  const set = await findVectorSet(stores, projectId, of.vectorSet)
  checkSucceeded(set)
  const from = set.dataset
  if (from.datasetId !== datasetId)
    throw impossible('/vector_set', `is of ${from.datasetId}@${from.version}, which is another dataset`)
  return { set, version: await getReadyVersion(projectId, datasetId, from.version) }
}

/** What would fail in a worker, as far as records tell. @throws AppError selection_impossible */
function checkChoice(
  { choice, indices }: SelectionWish,
  { set, images }: { readonly set: VectorSet | null; readonly images: number }
): void {
  // Of indices that are too many one is none of the version: the request has no count.
  if ('count' in choice && choice.strategy !== 'indices' && choice.count > images)
    throw impossible('/count', `is more than the ${images} images of the version`)
  const seen = new Set<number>()
  for (const [i, index] of indices.entries()) {
    if (index >= images) throw impossible(`/indices/${i}`, `is no image of the version, which has ${images}`)
    if (seen.has(index)) throw impossible(`/indices/${i}`, `is there twice`)
    seen.add(index)
  }
  if (set === null || choice.strategy === 'all' || choice.strategy === 'indices') return
  const isByPrototype = ['balanced', 'hard', 'typical'].includes(choice.strategy)
  if (isByPrototype && set.prototypes === null)
    throw impossible('/strategy', `takes prototypes, and the images of vector set ${set.id} were not assigned to any`)
  if (choice.strategy === 'balanced') return
  const numbers = images * set.dimensions
  if (numbers > MOST_CHOSEN_FROM)
    throw impossible('/vector_set', `has ${numbers} numbers, and ${MOST_CHOSEN_FROM} can be chosen from by them`)
  const compared = choice.strategy === 'diverse' ? choice.count : choice.strategy === 'deduplicated' ? images / 2 : 1
  if (numbers * compared <= MOST_CHOICE_PRODUCTS) return
  const most = Math.floor(MOST_CHOICE_PRODUCTS / numbers)
  if (choice.strategy === 'diverse') throw impossible('/count', `may be ${most} at the most of so many images`)
  throw impossible('/strategy', `compares every pair of ${images} images, which are too many`)
}

/** @throws AppError selection_impossible, vector_set_not_found, vector_set_not_ready, vector_set_not_searchable */
async function checkLabels(
  { stores }: SelectionDeps,
  projectId: string,
  { set, labels }: { readonly set: VectorSet | null; readonly labels: GivenLabels }
): Promise<void> {
  if (set === null) throw impossible('/labels', 'takes a vector set')
  checkBank(set, labels.from === set.id ? null : await findVectorSet(stores, projectId, labels.from))
}

function sourceOf({ choice, labels }: SelectionWish, { set, version }: Subject) {
  const { datasetId, version: number, bytes, source } = version
  const isRead = choice.strategy !== 'all' && choice.strategy !== 'indices'
  const vectorBytes = set === null || !isRead ? 0 : set.files.reduce((sum, file) => sum + file.bytes, 0)
  return {
    type: 'selection',
    from: { datasetId, version: number },
    vectorSetId: set?.id ?? null,
    ...{ choice, labels, readBytes: bytes + vectorBytes },
    ...(source.channels !== undefined && { channels: source.channels })
  } as const
}

/** Until the transaction ends none of it can be removed; then it is in use. @throws AppError dataset_version_not_found, vector_set_not_found */
async function hold(tx: Stores, projectId: string, { from, vectorSetId, labels }: SelectionSource): Promise<void> {
  const known = await tx.datasets.loadVersion(from.datasetId, from.version, { lock: 'share' })
  if (known?.projectId !== projectId || known.status !== 'ready')
    throw new AppError('dataset_version_not_found', { message: `${from.datasetId}@${from.version} is gone.` })
  // By their ids: two that name the same two sets do not wait for each other.
  for (const id of [...new Set([vectorSetId, labels?.from ?? null])].filter((one) => one !== null).sort()) {
    const set = await tx.vectorSets.load(id, { lock: true })
    if (set?.projectId !== projectId) throw new AppError('vector_set_not_found', { vectorSetId: id })
  }
}
