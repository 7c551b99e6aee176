/**
 * The worker's side of an evaluation (services/jobs/attempts.ts). One that a run asked for tells the run how it ended, and its numbers are
 * metrics of the run.
 */
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
import type { Stores } from '../../domain/stores.ts'
import {
  type Attempt,
  type AttemptDeps,
  type Attempts,
  createAttempts,
  type FailAtOnce,
  jobOf,
  type Records
} from '../jobs/attempts.ts'
import { endTries } from '../jobs/job-tries.ts'
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

export interface EvaluationJobs extends Pick<Attempts<Evaluation>, 'state' | 'fail' | 'giveBack'> {
  /** Null when there is nothing to do: it is gone, has ended or was cancelled. What is missing fails it. */
  begin(id: string): Promise<EvaluationOrder | null>
  progress(attempt: Attempt, progress: EvaluationProgress): Promise<void>
  complete(attempt: Attempt, measured: Measured): Promise<void>
  /** Once it has ended: checkpoints that were kept for it alone are marked; their objects go later. */
  retire(id: string): Promise<void>
}

export interface Measured {
  /** Null where no image was given to prototypes. */
  readonly prototypes: PrototypesSeen | null
  readonly results: readonly EvaluationResult[]
  readonly leftOut: readonly LeftOut[]
}

const RECORDS: Records<Evaluation> = {
  load: (tx, id) => tx.evaluations.load(id),
  lockOpen,
  isEnded: isEvaluated,
  isUnwanted: ({ status }) => status === 'cancelled',
  close: (tx, known, { error, at }) => close(tx, known, { status: 'failed', error, finishedAt: at })
}

export function createEvaluationJobs(deps: AttemptDeps): EvaluationJobs {
  const { unitOfWork, clock } = deps
  const { begin, withOwn, ...attempts } = createAttempts(deps, RECORDS)
  const now = () => new Date(clock.now())

  return {
    ...attempts,

    begin: (id) => begin(id, (tx, known, fail) => orderOf(tx, known, { fail, at: now() })),

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

async function orderOf(
  tx: Stores,
  known: Evaluation,
  { fail, at }: { readonly fail: FailAtOnce; readonly at: Date }
): Promise<EvaluationOrder | null> {
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
  await tx.evaluations.update(known.id, patch)
  const [subject, against = null] = subjects
  const [bank, queries, distractors, whitening] = versions as [DatasetVersion, ...(DatasetVersion | null)[]]
  const images = { bank, queries: queries ?? null, distractors: distractors ?? null, whitening: whitening ?? null }
  const groundTruth = await tx.evaluations.loadGroundTruth(known.id)
  return { evaluation: { ...known, ...patch }, subject: subject!, against, ...images, groundTruth }
}

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
