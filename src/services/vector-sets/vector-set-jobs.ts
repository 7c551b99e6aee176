/** The worker's side of a vector set (services/jobs/attempts.ts). What is stored of it stays for the next attempt. */
import type { StoredFile } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Model } from '../../domain/model.ts'
import type { Stores } from '../../domain/stores.ts'
import { isVectorSetEnded, type VectorRow, type VectorSet, type VectorSetProgress } from '../../domain/vector-set.ts'
import type { SearchedSet, VectorGraphs } from '../../domain/vector-stores.ts'
import {
  type Attempt,
  type AttemptDeps,
  type Attempts,
  createAttempts,
  type FailAtOnce,
  jobOf,
  type Records
} from '../jobs/attempts.ts'
import { endTries, gotFurther, type JobError } from '../jobs/job-tries.ts'
import { removalOfVectorSet } from './vector-set-removal.ts'

/** Everything that it is made of. */
export interface VectorSetOrder {
  readonly set: VectorSet
  readonly model: Model
  readonly version: DatasetVersion
}

export interface OpenTable {
  readonly rows: number
  /** To be built when the last row is there. */
  readonly lacksGraph: boolean
}

export interface VectorSetJobs extends Pick<Attempts<VectorSet>, 'state' | 'fail' | 'giveBack'> {
  /** Null when there is nothing to do: it is gone, has ended or was cancelled. What is missing fails it. */
  begin(id: string): Promise<VectorSetOrder | null>
  /** It got further: what failed before is forgiven. */
  progress(attempt: Attempt, progress: VectorSetProgress): Promise<void>
  /** Makes it unless it is there. Null when another has the set by now. */
  openTable(attempt: Attempt, set: SearchedSet): Promise<OpenTable | null>
  addRows(set: SearchedSet, rows: readonly VectorRow[]): Promise<void>
  /** Of all its images, which are there. Nothing is locked meanwhile that others need. */
  buildGraph(attempt: Attempt & SearchedSet, images: number, signal: AbortSignal): Promise<void>
  /** @param partsPrefix of objects that nobody needs any more. @returns false when nobody wants it any more */
  complete(attempt: Attempt, files: readonly StoredFile[], partsPrefix: string): Promise<boolean>
  /** What a worker wrote after it was cancelled or removed. */
  dropTable(id: string): Promise<void>
}

export interface VectorSetJobDeps extends AttemptDeps {
  readonly stores: Pick<Stores, 'vectors'>
  readonly graphs: VectorGraphs
}

const RECORDS: Records<VectorSet> = {
  load: (tx, id) => tx.vectorSets.load(id),
  async lockOpen(tx, id) {
    const known = await tx.vectorSets.load(id, { lock: true })
    return known === null || isVectorSetEnded(known) ? null : known
  },
  isEnded: isVectorSetEnded,
  isUnwanted: ({ status }) => status === 'cancelled',
  close
}

export function createVectorSetJobs(deps: VectorSetJobDeps): VectorSetJobs {
  const { stores, graphs, clock, worker } = deps
  const { begin, withOwn, ...attempts } = createAttempts(deps, RECORDS)
  const now = () => new Date(clock.now())

  return {
    ...attempts,

    begin: (id) => begin(id, (tx, known, fail) => orderOf(tx, known, { fail, at: now() })),

    progress: (attempt, progress) =>
      withOwn(attempt, {
        otherwise: undefined,
        async work(tx, known) {
          await tx.vectorSets.update(known.id, { progress })
          await gotFurther(tx, jobOf(known), worker)
        }
      }),

    async openTable(attempt, set) {
      const hasGraph = !(await graphs.areBuiltLast())
      return withOwn<OpenTable | null>(attempt, {
        otherwise: null,
        async work(tx) {
          await tx.vectors.create(set, { hasGraph })
          const lacksGraph = set.index === 'hnsw' && !(await tx.vectors.hasGraph(set))
          return { rows: await tx.vectors.count(set), lacksGraph }
        }
      })
    },

    addRows: (set, rows) => stores.vectors.add(set, rows),

    buildGraph: (set, images, signal) =>
      graphs.build(set, images, {
        signal,
        // Whoever goes on begins it anew, so nothing that failed is forgiven for it: a disk too small for it would be tried for ever.
        onProgress: (indexed) =>
          withOwn(set, {
            otherwise: undefined,
            work: (tx, { id }) => tx.vectorSets.update(id, { progress: { images, totalImages: images, indexed } })
          })
      }),

    complete: (attempt, files, partsPrefix) =>
      withOwn(attempt, {
        otherwise: false,
        async work(tx, known) {
          const { totalImages } = known.progress
          const progress = { images: totalImages, totalImages, indexed: known.index === null ? 0 : totalImages }
          await tx.vectorSets.update(known.id, {
            status: 'succeeded',
            files,
            progress,
            error: null,
            finishedAt: now()
          })
          await endTries(tx, jobOf(known))
          const removal = { projectId: known.projectId, what: 'vector_parts', subject: known.id } as const
          await tx.removals.add([{ ...removal, prefix: partsPrefix, multipartId: null }], now())
          return true
        }
      }),

    dropTable: (id) => stores.vectors.drop(id)
  }
}

async function close(
  tx: Stores,
  known: VectorSet,
  { error, at }: { readonly error: JobError; readonly at: Date }
): Promise<void> {
  await tx.vectorSets.update(known.id, { status: 'failed', error, finishedAt: at })
  await tx.removals.add([removalOfVectorSet(known)], at)
}

async function orderOf(
  tx: Stores,
  known: VectorSet,
  { fail, at }: { readonly fail: FailAtOnce; readonly at: Date }
): Promise<VectorSetOrder | null> {
  const model = await tx.models.load(known.modelId)
  if (model?.status !== 'ready') return fail('model_not_ready', `Model ${known.modelId} is not ready.`)
  const { datasetId, version: number } = known.dataset
  const version = await tx.datasets.loadVersion(datasetId, number)
  if (version?.status !== 'ready') return fail('dataset_version_not_found', `${datasetId}@${number} is gone.`)
  const patch = { status: 'running', attempt: known.attempt + 1, startedAt: known.startedAt ?? at } as const
  await tx.vectorSets.update(known.id, patch)
  return { set: { ...known, ...patch }, model, version }
}
