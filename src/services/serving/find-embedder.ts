/**
 * From what a request for vectors calls its model to what makes them. Besides models that is any checkpoint of a run, while the run goes on
 * or after it:
 *
 *   run_01j…@latest   run_01j…@1200
 */
import { AppError } from '../../base/errors.ts'
import type { Checkpoint } from '../../domain/checkpoint.ts'
import type { ModelConfig } from '../../domain/model.ts'
import { readCheckpointName } from '../../domain/model-name.ts'
import type { Embedder } from '../../domain/ports.ts'
import type { Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { servedNetwork } from '../../recipe/network.ts'
import type { ModelService } from '../models/models.ts'

export interface FoundEmbedder extends Embedder {
  /** What the answer calls it: never what may mean something else tomorrow. */
  readonly name: string
  /** Null of a checkpoint, and of a model without a name. */
  readonly version: number | null
  readonly config: Pick<
    ModelConfig,
    | 'channels'
    | 'embeddingDim'
    | 'bottleneckDim'
    | 'prototypes'
    | 'imageSize'
    | 'patchSize'
    | 'precisions'
    | 'registers'
  >
}

export interface FindEmbedderDeps {
  readonly models: Pick<ModelService, 'getReady'>
  readonly stores: Pick<Stores, 'runs' | 'checkpoints'>
}

/** Of a checkpoint's files what an embedding needs: a quarter of its bytes. */
const SERVED = ['teacher.safetensors', 'state.json']

/** @throws AppError of models.getReady; model_not_found for a run that is not there, checkpoint_not_found */
export async function findEmbedder(
  deps: FindEmbedderDeps,
  projectId: string,
  reference: string
): Promise<FoundEmbedder> {
  const named = readCheckpointName(reference)
  if (named === null) {
    const { id, version, prefix, files, config } = await deps.models.getReady(projectId, reference)
    return { id, projectId, name: id, version, prefix, files, config }
  }
  const run = await deps.stores.runs.find(projectId, named.run)
  if (run === null)
    throw new AppError('model_not_found', { message: `There is no run ${named.run}.`, model: reference })
  const checkpoint = await findCheckpoint(deps, run, named.step)
  if (checkpoint !== null) return embedderOf(checkpoint, run)
  const which = named.step === null ? 'no checkpoint yet' : `no checkpoint of step ${named.step}`
  throw new AppError('checkpoint_not_found', { message: `Run ${run.id} has ${which}.`, model: reference })
}

async function findCheckpoint(
  { stores: { checkpoints } }: FindEmbedderDeps,
  { id, projectId }: Run,
  step: number | null
): Promise<Checkpoint | null> {
  if (step === null) return checkpoints.findNewest(id)
  const found = (await checkpoints.listComplete(id)).findLast((one) => one.step === step)
  return found === undefined ? null : checkpoints.find(projectId, found.id)
}

const NO_HEAD = { bottleneckDim: null, prototypes: null } as const

function embedderOf({ id, prefix, files, step }: Checkpoint, { id: runId, projectId, recipe }: Run): FoundEmbedder {
  const { dim, imageSize, patchSize, channels, registers } = servedNetwork(recipe)
  return {
    id,
    projectId,
    name: `${runId}@${step}`,
    version: null,
    prefix,
    files: files.filter(({ name }) => SERVED.includes(name)),
    config: { ...NO_HEAD, channels, embeddingDim: dim, imageSize, patchSize, ...(registers && { registers }) },
    isCheckpoint: true
  }
}
