import { AppError } from '../../base/errors.ts'
import type { GroundTruth } from '../../base/ground-truth.ts'
import type { Evaluation, EvaluationPlan, OtherImages, Subject, SubjectName } from '../../domain/evaluation.ts'
import type { Stores } from '../../domain/stores.ts'

export interface NewEvaluation
  extends Subject,
    Pick<Evaluation, 'id' | 'projectId' | 'name' | 'runId' | 'metadata' | 'createdAt'> {
  readonly plan: EvaluationPlan
  readonly against?: SubjectName | null
  readonly others?: OtherImages | null
  /** Of revisited. */
  readonly groundTruth?: GroundTruth | null
}

const newEvaluation = (
  { plan, against = null, others = null, groundTruth: _, ...named }: NewEvaluation,
  totalImages: number
): Evaluation => ({
  ...named,
  against,
  others,
  ...plan,
  status: 'queued',
  attempt: 0,
  progress: { images: 0, totalImages, protocol: null, measured: 0 },
  results: [],
  leftOut: [],
  prototypes: null,
  error: null,
  startedAt: null,
  finishedAt: null
})

/** Unless a job of it waits or runs. */
export const enqueueEvaluation = (tx: Stores, { id, projectId }: Pick<Evaluation, 'id' | 'projectId'>): Promise<void> =>
  tx.jobs.enqueue('evaluate-model', { evaluationId: id }, { key: id, project: projectId })

/** Inserts it and queues its job. @throws AppError dataset_version_not_found when a version was removed meanwhile */
export async function queueEvaluation(tx: Stores, wanted: NewEvaluation): Promise<Evaluation> {
  const images = await holdPlan(tx, wanted)
  const evaluation = newEvaluation(wanted, images)
  await tx.evaluations.insert(evaluation)
  if (wanted.groundTruth) await tx.evaluations.insertGroundTruth(evaluation, wanted.groundTruth)
  await enqueueEvaluation(tx, wanted)
  return evaluation
}

/**
 * Of a run: a dataset that was removed meanwhile must not take its model or checkpoint along. Then there is an evaluation that
 * says so.
 */
export async function queueOrFailEvaluation(tx: Stores, wanted: NewEvaluation): Promise<void> {
  const gone = await firstGone(tx, wanted)
  if (gone === null) return void (await queueEvaluation(tx, wanted))
  const error = { code: 'dataset_version_not_found', message: gone }
  await tx.evaluations.insert({ ...newEvaluation(wanted, 0), status: 'failed', error, finishedAt: wanted.createdAt })
}

/** Without what a run has besides. */
export const planOf = ({ bank, queries, protocols, settings }: EvaluationPlan): EvaluationPlan => ({
  bank,
  queries,
  protocols,
  settings
})

type Planned = Pick<NewEvaluation, 'projectId' | 'plan' | 'against' | 'others'>

const sourcesOf = ({ plan: { bank, queries }, others }: Planned) =>
  [bank, queries, others?.distractors, others?.whitening].filter((one) => one != null)

async function firstGone(tx: Stores, planned: Planned): Promise<string | null> {
  for (const { datasetId, version } of sourcesOf(planned)) {
    const known = await tx.datasets.loadVersion(datasetId, version, { lock: 'share' })
    if (known?.projectId !== planned.projectId || known.status !== 'ready') return `${datasetId}@${version} is gone.`
  }
  return null
}

/**
 * Until the transaction ends the versions cannot be removed.
 *
 * @returns how many images are read: those that are judged twice, where another model is compared
 * @throws AppError dataset_version_not_found when one was removed meanwhile
 */
export async function holdPlan(tx: Stores, planned: Planned): Promise<number> {
  const message = await firstGone(tx, planned)
  if (message !== null) throw new AppError('dataset_version_not_found', { message })
  const images: number[] = []
  for (const { datasetId, version } of sourcesOf(planned)) {
    images.push((await tx.datasets.loadVersion(datasetId, version))?.images ?? 0)
  }
  // Nobody compares with another model and takes other images too.
  if (planned.against) images.push(images.at(-1)!)
  return images.reduce((sum, of) => sum + of)
}
