/**
 * From a checkpoint to a model: its teacher, which has no mask token. The patches' own last layer of an iBOT run with two is
 * left out, as imports leave it out: images are assigned by their class token.
 */
import { OPSET } from '../engine/trace/onnx-model.ts'
import { warmupConstant } from '../math/schedules.ts'
import type { ExportEvent } from '../protocol/export-messages.ts'
import { MODEL_FORMAT, type ModelFileConfig, POOLING } from '../protocol/model-folder.ts'
import { servedNetwork } from '../recipe/network.ts'
import { preprocessingOf } from '../recipe/preprocessing.ts'
import type { Recipe } from '../recipe/schema.ts'
import { networkParameters } from '../ssl/parameters.ts'
import { readCheckpoint, type TrainState } from '../training/checkpoint.ts'
import { type ModelSubject, type WriteOptions, writeModel } from './writer.ts'

export interface ExportOptions extends WriteOptions {
  readonly checkpointFolder: string
}

/**
 * Events of writeModel.
 * @throws AppError checkpoint_invalid, checkpoint_not_found, storage_full; an Error when the programs deviate
 */
export async function* exportModel({ checkpointFolder, ...options }: ExportOptions): AsyncGenerator<ExportEvent> {
  yield* writeModel(await readTeacher(checkpointFolder), options)
}

/** @throws AppError checkpoint_invalid, checkpoint_not_found */
export async function readTeacher(checkpointFolder: string): Promise<ModelSubject> {
  const checkpoint = await readCheckpoint(checkpointFolder)
  const { recipe, tensors } = checkpoint
  const weights = Object.fromEntries(
    networkParameters(servedNetwork(recipe)).map(({ name }) => [name, tensors[`teacher.${name}`]!])
  )
  const { centering } = recipe.hyperparameters
  const center = centering === 'sinkhorn' ? null : tensors['center.cls']!
  return { config: configOf(checkpoint), weights, center, seed: recipe.seed }
}

export function configOf({
  recipe,
  step,
  init,
  surgeries,
  ...position
}: Omit<TrainState, 'tensors' | 'health'>): ModelFileConfig {
  const { hyperparameters: h, method, arch, patchSize } = recipe
  const network = servedNetwork(recipe)
  return {
    format: MODEL_FORMAT,
    method,
    arch,
    network,
    patchSize,
    imageSize: h.crops.global.size,
    channels: h.channels,
    preprocessing: preprocessingOf(recipe),
    normalization: h.normalization,
    embeddingDim: network.dim,
    pooling: POOLING,
    bottleneckDim: h.bottleneckDim,
    prototypes: h.prototypes,
    temperature: teacherTemperature(recipe, lastEpoch({ step, ...position })),
    centering: h.centering,
    studentTemperature: h.studentTemperature,
    step,
    onnxOpset: OPSET,
    recipe,
    origin: null,
    ...(init === undefined ? {} : { continuedFrom: init }),
    ...(surgeries === undefined ? {} : { surgeries })
  }
}

/** The epoch of the last step that was taken, from 0: its temperature is the one that norms and center belong to. */
function lastEpoch({ step, epoch, stepsPerEpoch }: Pick<TrainState, 'step' | 'epoch' | 'stepsPerEpoch'>): number {
  if (stepsPerEpoch !== undefined) return Math.max(0, Math.ceil(step / stepsPerEpoch) - 1)
  // Checkpoints from before 0.3 have whole epochs only; one that is no multiple of them lies within the next.
  const isWhole = epoch > 0 && step % epoch === 0
  return isWhole ? epoch - 1 : epoch
}

/** An untrained network of a recipe of no epochs has the schedule's end. */
function teacherTemperature({ hyperparameters }: Recipe, epoch: number): number {
  const [start, end, warmup] = hyperparameters.teacherTemperature
  return hyperparameters.epochs === 0 ? end : warmupConstant({ start, end, warmup }, epoch)
}
