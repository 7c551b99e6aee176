import { AppError } from '../base/errors.ts'
import {
  type AnyProtocol,
  type ChosenSettings,
  evaluationMetric,
  type LeftOut,
  type Evaluation as ProtocolResult
} from '../base/evaluation.ts'
import type { JsonObject } from '../base/json.ts'

/**
 *   queued → running → succeeded | failed
 *     │         │  ↑
 *     │         │  └ its worker ended: another starts over
 *     └─────────┴─→ cancelled      at once: whoever computes it sees that within a second, and leaves nothing
 */
export const EVALUATION_STATUSES = ['queued', 'running', 'cancelled', 'succeeded', 'failed'] as const
export type EvaluationStatus = (typeof EVALUATION_STATUSES)[number]

/** One version of a dataset. */
export interface VersionName {
  readonly datasetId: string
  readonly version: number
}

export const isSameVersion = (one: VersionName, other: VersionName): boolean =>
  one.datasetId === other.datasetId && one.version === other.version

/** A model or a checkpoint: one of the two is null. */
export interface SubjectName {
  readonly modelId: string | null
  readonly checkpointId: string | null
}

/** What is measured. */
export interface Subject extends SubjectName {
  /** Of the model or the checkpoint. */
  readonly step: number
}

/** What is to be measured, of whatever model. */
export interface EvaluationPlan {
  /** Votes or is learned from. */
  readonly bank: VersionName
  /** Is judged; null: the bank, each image without itself. */
  readonly queries: VersionName | null
  /** Null: everything that images and model allow. */
  readonly protocols: readonly AnyProtocol[] | null
  readonly settings: ChosenSettings
}

/** What copy_detection looks at besides. */
export interface OtherImages {
  /** Ranked beside the bank, and looked for by nobody. */
  readonly distractors: VersionName | null
  /** That whitening is learned from. */
  readonly whitening: VersionName | null
}

/** Images read so far, then protocols measured so far. */
export interface EvaluationProgress {
  readonly images: number
  readonly totalImages: number
  /** The one that is computed now; null while images are read, and at the end. */
  readonly protocol: AnyProtocol | null
  readonly measured: number
  /** 0 … 1 of that one, where it tells: those that train do, after each epoch. */
  readonly share?: number
}

export interface EvaluationResult extends ProtocolResult<AnyProtocol> {
  /** Of an embedding, or the first that were chosen, or of what a classifier reads. */
  readonly dimensions: number
}

/** Of the prototypes that judged images were given to; each with its images: EvaluationStore.listPrototypes. */
export interface PrototypesSummary {
  readonly posterior: string
  readonly images: number
  readonly prototypes: number
  readonly used: number
}

/** A job that measures a model, or the teacher of a checkpoint, on one dataset. It outlives the dataset. */
export interface Evaluation extends EvaluationPlan, Subject {
  readonly id: string
  readonly projectId: string
  readonly name: string | null
  /** The run that asked for it, whose metrics its results become; null where a user did. */
  readonly runId: string | null
  /** Whose assignments label_free compares with those of the subject; null where it is judged by itself. */
  readonly against: SubjectName | null
  /** Null where there are none. */
  readonly others: OtherImages | null
  readonly metadata: JsonObject
  readonly status: EvaluationStatus
  /** How often a worker began with it; the last to begin is the one that writes. */
  readonly attempt: number
  readonly progress: EvaluationProgress
  /** All of them or none. */
  readonly results: readonly EvaluationResult[]
  /** Only where no protocol was asked for by name. */
  readonly leftOut: readonly LeftOut[]
  /** Null until it has succeeded, where no image was given to prototypes, and of evaluations from before 0.3. */
  readonly prototypes: PrototypesSummary | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** What a run asks for: `id` is null until its model is ready. */
export interface EvaluationOfRun extends EvaluationPlan {
  readonly id: string | null
  /** Of the run's epochs, between two checkpoints that are measured on the way; left out where only the model is. */
  readonly everyEpochs?: number
}

/** The results as metrics of a run: `eval/knn_top1_k20`. */
export const metricsOf = (results: readonly EvaluationResult[]): Record<string, number> =>
  Object.fromEntries(
    results.flatMap(({ protocol, metrics }) =>
      Object.entries(metrics).map(([name, { value }]) => [evaluationMetric(protocol, name), value] as const)
    )
  )

const FINISHED: ReadonlySet<EvaluationStatus> = new Set(['cancelled', 'succeeded', 'failed'])

export const isEvaluated = ({ status }: Pick<Evaluation, 'status'>): boolean => FINISHED.has(status)

/** @throws AppError evaluation_not_cancelable for one that has ended otherwise */
export function checkCancelable({ id, status }: Pick<Evaluation, 'id' | 'status'>): void {
  if (status !== 'succeeded' && status !== 'failed') return
  const message = `Evaluation ${id} has already ${status}.`
  throw new AppError('evaluation_not_cancelable', { message, evaluationId: id })
}
