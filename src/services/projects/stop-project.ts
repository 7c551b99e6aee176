/** Everything of a project that is worked on, cancelled as each is by its own request: what its end waits for (project-removal.ts). */
import { AppError, type ErrorCode, isAppError } from '../../base/errors.ts'
import type { UnitOfWork } from '../../domain/stores.ts'
import type { BatchService } from '../batches/batches.ts'
import type { DatasetService } from '../datasets/datasets.ts'
import type { EvaluationService } from '../evaluations/evaluations.ts'
import type { ModelService } from '../models/models.ts'
import type { RunService } from '../runs/runs.ts'
import type { VectorSetService } from '../vector-sets/vector-sets.ts'

export interface ProjectStopDeps {
  readonly unitOfWork: UnitOfWork
  readonly runs: Pick<RunService, 'ask'>
  readonly evaluations: Pick<EvaluationService, 'cancel'>
  readonly vectorSets: Pick<VectorSetService, 'cancel'>
  readonly batches: Pick<BatchService, 'cancel'>
  readonly models: Pick<ModelService, 'cancel'>
  readonly datasets: Pick<DatasetService, 'cancelVersion'>
}

/** It has ended, or gone, since it was listed. */
const OVER: readonly ErrorCode[] = [
  'run_not_found',
  'run_not_cancelable',
  'evaluation_not_found',
  'evaluation_not_cancelable',
  'vector_set_not_found',
  'vector_set_not_cancelable',
  'batch_not_found',
  'batch_not_cancelable',
  'model_not_found',
  'model_not_cancelable',
  'dataset_not_found',
  'dataset_version_not_found',
  'dataset_version_not_cancelable'
]

/**
 * What a worker has stops within seconds. What is queued meanwhile goes on: its keys are what they were.
 *
 * @throws AppError project_not_found
 */
export const createProjectStop =
  ({ unitOfWork, runs, evaluations, vectorSets, batches, models, datasets }: ProjectStopDeps) =>
  async (id: string): Promise<void> => {
    const { uses, versions } = await unitOfWork(async (tx) => {
      if ((await tx.projects.find(id)) === null) throw new AppError('project_not_found', { projectId: id })
      const found = await tx.uses.ofProject(id)
      return { uses: found, versions: found.versions.map((one) => one.split('@') as [string, string]) }
    })
    const verbs = [
      // Runs first: those that succeed meanwhile would begin an export.
      ...uses.runs.map((run) => () => runs.ask(id, { id: run, verb: 'cancel' })),
      ...uses.evaluations.map((evaluation) => () => evaluations.cancel(id, evaluation)),
      ...uses.vectorSets.map((set) => () => vectorSets.cancel(id, set)),
      ...uses.batches.map((batch) => () => batches.cancel(id, batch)),
      ...uses.models.map((model) => () => models.cancel(id, model)),
      ...versions.map(
        ([dataset, version]) =>
          () =>
            datasets.cancelVersion(id, dataset, Number(version))
      )
    ]
    for (const verb of verbs) {
      await verb().catch((error: unknown) => {
        if (!isAppError(error) || !OVER.includes(error.code)) throw error
      })
    }
  }
