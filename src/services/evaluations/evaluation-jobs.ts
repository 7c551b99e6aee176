/**
 * The worker's side of an evaluation:
 *
 *   begin ──→ running ──complete──→ succeeded
 *     │          ├──────fail──────→ failed
 *     │          └──────leave─────→ cancelled, if a user asked for it meanwhile
 *     └ null: nothing to do
 *
 * What a user asked for in the meantime wins: an evaluation that is being cancelled ends as cancelled, however its work ended.
 */
import type { Clock } from '../../base/clock.ts'
import type { LeftOut } from '../../base/evaluation.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import {
  type Evaluation,
  type EvaluationProgress,
  type EvaluationResult,
  isEvaluated,
  isSameVersion
} from '../../domain/evaluation.ts'
import type { Model } from '../../domain/model.ts'
import type { EvaluationPatch, Stores, UnitOfWork } from '../../domain/stores.ts'
import { storableText } from '../storable-text.ts'

/** Everything that an evaluation reads. */
export interface EvaluationOrder {
  readonly evaluation: Evaluation
  readonly model: Model
  readonly bank: DatasetVersion
  /** Null where the bank is judged. */
  readonly queries: DatasetVersion | null
}

export interface EvaluationJobs {
  /** Null when there is nothing to do: it is gone, has ended or was cancelled. What is missing fails it. */
  begin(id: string): Promise<EvaluationOrder | null>
  /** `unwanted` when a user has cancelled it. */
  state(id: string): Promise<'open' | 'ended' | 'unwanted'>
  progress(id: string, progress: EvaluationProgress): Promise<void>
  complete(id: string, measured: Measured): Promise<void>
  fail(id: string, error: { readonly code: string; readonly message: string }): Promise<void>
  /** Its work was stopped because nobody wants it any more. */
  leave(id: string): Promise<void>
}

export interface Measured {
  readonly results: readonly EvaluationResult[]
  readonly leftOut: readonly LeftOut[]
}

/** A worker that ends while it computes says nothing about the evaluation; this many say that it takes them along. */
const MOST_ATTEMPTS = 10

export function createEvaluationJobs(deps: { readonly unitOfWork: UnitOfWork; readonly clock: Clock }): EvaluationJobs {
  const { unitOfWork, clock } = deps
  const now = () => new Date(clock.now())

  /** One that has ended stays as it is. */
  const end = (id: string, patchOf: (known: Evaluation) => EvaluationPatch): Promise<void> =>
    unitOfWork(async (tx) => {
      const known = await tx.evaluations.load(id, { lock: true })
      if (known === null || isEvaluated(known)) return
      const patch = known.status === 'cancelling' ? ({ status: 'cancelled' } as const) : patchOf(known)
      await tx.evaluations.update(id, { ...patch, finishedAt: now() })
    })

  return {
    begin: (id) => unitOfWork((tx) => begin(tx, id, now())),

    state: (id) =>
      unitOfWork(async (tx) => {
        const known = await tx.evaluations.load(id)
        if (known === null || known.status === 'cancelling' || known.status === 'cancelled') return 'unwanted'
        return isEvaluated(known) ? 'ended' : 'open'
      }),

    progress: (id, progress) =>
      unitOfWork(async (tx) => {
        const known = await tx.evaluations.load(id, { lock: true })
        if (known?.status === 'running') await tx.evaluations.update(id, { progress })
      }),

    complete: (id, { results, leftOut }) =>
      end(id, (known) => {
        const measured = results.length
        const progress = { ...known.progress, images: known.progress.totalImages, protocol: null, measured }
        return { status: 'succeeded', results, leftOut, progress, error: null }
      }),

    fail: (id, { code, message }) =>
      end(id, () => ({ status: 'failed', error: { code, message: storableText(message) } })),

    leave: (id) => end(id, () => ({ status: 'cancelled' }))
  }
}

async function begin(tx: Stores, id: string, at: Date): Promise<EvaluationOrder | null> {
  const known = await tx.evaluations.load(id, { lock: true })
  if (known === null || isEvaluated(known)) return null
  if (known.status === 'cancelling') {
    await tx.evaluations.update(id, { status: 'cancelled', finishedAt: at })
    return null
  }
  const fail = async (code: string, message: string): Promise<null> => {
    await tx.evaluations.update(id, { status: 'failed', error: { code, message }, finishedAt: at })
    return null
  }
  if (known.attempt >= MOST_ATTEMPTS) {
    return fail('trainer_crashed', `Its worker ended ${known.attempt} times while it was computed.`)
  }
  const model = await tx.models.load(known.modelId)
  if (model?.status !== 'ready') return fail('model_not_ready', `Model ${known.modelId} is not ready.`)
  const versions: DatasetVersion[] = []
  for (const { datasetId, version } of sourcesOf(known)) {
    const found = await tx.datasets.loadVersion(datasetId, version)
    if (found?.status !== 'ready') return fail('dataset_version_not_found', `${datasetId}@${version} is gone.`)
    versions.push(found)
  }
  const patch = {
    status: 'running',
    attempt: known.attempt + 1,
    progress: { ...known.progress, images: 0, protocol: null, measured: 0 },
    startedAt: known.startedAt ?? at
  } as const
  await tx.evaluations.update(id, patch)
  return { evaluation: { ...known, ...patch }, model, bank: versions[0]!, queries: versions[1] ?? null }
}

/** The bank, and queries unless they are the bank's images. */
const sourcesOf = ({ bank, queries }: Evaluation) =>
  queries === null || isSameVersion(bank, queries) ? [bank] : [bank, queries]
