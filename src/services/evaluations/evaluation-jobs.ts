/**
 * The worker's side of an evaluation:
 *
 *   begin ──→ running ──complete──→ succeeded
 *     │          └──────fail──────→ failed
 *     └ null: nothing to do, or left to others     fail: unless it is tried again (domain/blame.ts)
 *
 * Every begin is another attempt, and only the newest writes: a worker that was taken for dead and is not leaves nothing, like one
 * whose evaluation was cancelled. One that a run asked for tells the run how it ended, and its numbers are metrics of the run.
 */
import type { Clock } from '../../base/clock.ts'
import type { LeftOut } from '../../base/evaluation.ts'
import type { PrototypesSeen } from '../../base/exemplars.ts'
import type { GroundTruth } from '../../base/ground-truth.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import {
  type Evaluation,
  type EvaluationProgress,
  type EvaluationResult,
  isEvaluated,
  isSameVersion,
  type SubjectName,
  type VersionName
} from '../../domain/evaluation.ts'
import type { Model } from '../../domain/model.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { endTries, failTry, giveBack, type JobError, type TriedJob, takeTurn, type Verdict } from '../jobs/job-tries.ts'
import { retireSuperseded } from '../runs/retention.ts'
import { close, lockOpen } from './close.ts'

/** A ready model, or a checkpoint that is there. */
export type Measurable =
  | { readonly kind: 'model'; readonly model: Model }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }

/** Everything that an evaluation reads. */
export interface EvaluationOrder {
  readonly evaluation: Evaluation
  readonly subject: Measurable
  /** Null where nothing is compared. */
  readonly against: Measurable | null
  readonly bank: DatasetVersion
  /** Null where the bank is judged. */
  readonly queries: DatasetVersion | null
  /** Of copy_detection. */
  readonly distractors: DatasetVersion | null
  readonly whitening: DatasetVersion | null
  /** Of revisited. */
  readonly groundTruth: GroundTruth | null
}

/** What a worker computes: of another attempt nothing is written. */
export type Attempt = Pick<Evaluation, 'id' | 'attempt'>

export interface EvaluationJobs {
  /** Null when there is nothing to do: it is gone, has ended or was cancelled. What is missing fails it. */
  begin(id: string): Promise<EvaluationOrder | null>
  /** `unwanted` when a user has cancelled it, `ended` also when another worker has begun with it. */
  state(attempt: Attempt): Promise<'open' | 'ended' | 'unwanted'>
  progress(attempt: Attempt, progress: EvaluationProgress): Promise<void>
  complete(attempt: Attempt, measured: Measured): Promise<void>
  fail(attempt: Attempt, error: JobError): Promise<Verdict>
  /** Of a worker that is told to end. */
  giveBack(attempt: Attempt): Promise<void>
  /** Once it has ended: checkpoints that were kept for it alone are marked; their objects go later. */
  retire(id: string): Promise<void>
}

export interface Measured {
  /** Null where no image was given to prototypes. */
  readonly prototypes: PrototypesSeen | null
  readonly results: readonly EvaluationResult[]
  readonly leftOut: readonly LeftOut[]
}

export interface EvaluationJobDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  /** Name of the worker. */
  readonly worker: string
}

export function createEvaluationJobs({ unitOfWork, clock, worker }: EvaluationJobDeps): EvaluationJobs {
  const now = () => new Date(clock.now())

  const withOwn = <T>(
    { id, attempt }: Attempt,
    { work, otherwise }: { readonly work: (tx: Stores, known: Evaluation) => Promise<T>; readonly otherwise: T }
  ): Promise<T> =>
    unitOfWork(async (tx) => {
      const known = await lockOpen(tx, id)
      return known?.attempt === attempt ? work(tx, known) : otherwise
    })

  return {
    begin: (id) => unitOfWork((tx) => begin(tx, { id, worker, at: now() })),

    state: ({ id, attempt }) =>
      unitOfWork(async (tx) => {
        const known = await tx.evaluations.load(id)
        if (known === null || known.status === 'cancelled') return 'unwanted'
        return isEvaluated(known) || known.attempt !== attempt ? 'ended' : 'open'
      }),

    progress: ({ id, attempt }, progress) =>
      unitOfWork(async (tx) => {
        const known = await tx.evaluations.load(id, { lock: true })
        if (known?.status === 'running' && known.attempt === attempt) await tx.evaluations.update(id, { progress })
      }),

    complete: (attempt, { results, leftOut, prototypes: seen }) =>
      withOwn(attempt, {
        otherwise: undefined,
        async work(tx, known) {
          const measured = results.length
          const { totalImages } = known.progress
          const progress = { images: totalImages, totalImages, protocol: null, measured }
          if (seen !== null) await tx.evaluations.insertPrototypes(known, seen.used)
          const prototypes = seen && { ...seen, used: seen.used.length }
          const patch = { status: 'succeeded', results, leftOut, prototypes, progress, error: null } as const
          await close(tx, known, { ...patch, finishedAt: now() })
          await endTries(tx, jobOf(known))
        }
      }),

    fail: (attempt, error) =>
      withOwn<Verdict>(attempt, {
        otherwise: { type: 'not-ours' },
        async work(tx, known) {
          const verdict = await failTry(tx, { job: jobOf(known), worker, error })
          if (verdict.type === 'over')
            await close(tx, known, { status: 'failed', error: verdict.error, finishedAt: now() })
          return verdict
        }
      }),

    giveBack: (attempt) =>
      withOwn(attempt, { otherwise: undefined, work: (tx, known) => giveBack(tx, jobOf(known), worker) }),

    async retire(id) {
      const runs = await unitOfWork((tx) => runsOfCheckpoints(tx, id))
      // One after the other: nobody else locks two runs, and none waits for another here.
      for (const run of runs) await unitOfWork((tx) => retireOf(tx, run, now()))
    }
  }
}

/** Ids of the runs whose checkpoints it measured or compared. */
async function runsOfCheckpoints(tx: Stores, id: string): Promise<ReadonlySet<string>> {
  const known = await tx.evaluations.load(id)
  const runs = new Set<string>()
  for (const checkpointId of [known?.checkpointId, known?.against?.checkpointId]) {
    const checkpoint = checkpointId == null ? null : await tx.checkpoints.load(checkpointId)
    if (checkpoint !== null) runs.add(checkpoint.runId)
  }
  return runs
}

async function retireOf(tx: Stores, runId: string, at: Date): Promise<void> {
  const run = await tx.runs.load(runId, { lock: true })
  if (run !== null) await retireSuperseded(tx, run, at)
}

interface Beginning {
  readonly id: string
  readonly worker: string
  readonly at: Date
}

async function begin(tx: Stores, { id, worker, at }: Beginning): Promise<EvaluationOrder | null> {
  const known = await lockOpen(tx, id)
  if (known === null) return null
  const fail = async (code: string, message: string): Promise<null> => {
    await close(tx, known, { status: 'failed', error: { code, message }, finishedAt: at })
    await endTries(tx, jobOf(known))
    return null
  }
  const turn = await takeTurn(tx, jobOf(known), worker)
  if (turn.type === 'left') return null
  if (turn.type === 'over') return fail(turn.error.code, turn.error.message)
  const subjects: Measurable[] = []
  for (const name of known.against === null ? [known] : [known, known.against]) {
    const found = await findMeasurable(tx, name)
    if (found === null) {
      return name.modelId === null
        ? fail('checkpoint_not_found', `Checkpoint ${name.checkpointId} is gone.`)
        : fail('model_not_ready', `Model ${name.modelId} is not ready.`)
    }
    subjects.push(found)
  }
  const versions: (DatasetVersion | null)[] = []
  for (const name of sourcesOf(known)) {
    const found = name && (await tx.datasets.loadVersion(name.datasetId, name.version))
    if (name !== null && found?.status !== 'ready')
      return fail('dataset_version_not_found', `${name.datasetId}@${name.version} is gone.`)
    versions.push(found)
  }
  const patch = {
    status: 'running',
    attempt: known.attempt + 1,
    progress: { images: 0, totalImages: known.progress.totalImages, protocol: null, measured: 0 },
    startedAt: known.startedAt ?? at
  } as const
  await tx.evaluations.update(id, patch)
  const [subject, against = null] = subjects
  const [bank, queries, distractors, whitening] = versions as [DatasetVersion, ...(DatasetVersion | null)[]]
  const images = { bank, queries: queries ?? null, distractors: distractors ?? null, whitening: whitening ?? null }
  const groundTruth = await tx.evaluations.loadGroundTruth(id)
  return { evaluation: { ...known, ...patch }, subject: subject!, against, ...images, groundTruth }
}

const jobOf = ({ id, projectId }: Pick<Evaluation, 'id' | 'projectId'>): TriedJob => ({ subject: id, projectId })

async function findMeasurable(tx: Stores, { modelId, checkpointId }: SubjectName): Promise<Measurable | null> {
  if (modelId !== null) {
    const model = await tx.models.load(modelId)
    return model?.status === 'ready' ? { kind: 'model', model } : null
  }
  const checkpoint = checkpointId === null ? null : await tx.checkpoints.load(checkpointId)
  return checkpoint?.status === 'complete' ? { kind: 'checkpoint', checkpoint } : null
}

/** The bank, queries unless they are the bank's images, distractors, and what whitening is learned from. */
const sourcesOf = ({ bank, queries, others }: Evaluation): readonly (VersionName | null)[] => [
  bank,
  queries === null || isSameVersion(bank, queries) ? null : queries,
  others?.distractors ?? null,
  others?.whitening ?? null
]
