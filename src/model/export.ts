/**
 * From a checkpoint to a model: its teacher, which has no mask token. The patches' own last layer of an iBOT run with two is
 * left out, as imports leave it out: images are assigned by their class token.
 */
import { OPSET } from '../engine/trace/onnx-model.ts'
import { warmupConstant } from '../math/schedules.ts'
import { MODEL_FORMAT, type ModelFileConfig, POOLING } from '../protocol/model-folder.ts'
import type { ExportEvent } from '../protocol/trainer-messages.ts'
import { servedNetwork } from '../recipe/network.ts'
import { preprocessingOf } from '../recipe/preprocessing.ts'
import type { Recipe } from '../recipe/schema.ts'
import { networkParameters } from '../ssl/parameters.ts'
import { readCheckpoint } from '../training/checkpoint.ts'
import { type WriteOptions, writeModel } from './writer.ts'

export interface ExportOptions extends WriteOptions {
  readonly checkpointFolder: string
}

/**
 * Events of writeModel.
 * @throws AppError checkpoint_invalid, checkpoint_not_found, storage_full; an Error when the programs deviate
 */
export async function* exportModel({ checkpointFolder, ...options }: ExportOptions): AsyncGenerator<ExportEvent> {
  const { recipe, step, tensors } = await readCheckpoint(checkpointFolder)
  const weights = Object.fromEntries(
    networkParameters(servedNetwork(recipe)).map(({ name }) => [name, tensors[`teacher.${name}`]!])
  )
  yield* writeModel({ config: configOf(recipe, step), weights, seed: recipe.seed }, options)
}

function configOf(recipe: Recipe, step: number): ModelFileConfig {
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
    temperature: finalTeacherTemperature(recipe),
    studentTemperature: h.studentTemperature,
    step,
    onnxOpset: OPSET,
    recipe,
    origin: null
  }
}

/** Of the last epoch: a warm-up as long as the run never reaches a later one. An untrained network has the schedule's end. */
function finalTeacherTemperature({ hyperparameters: { epochs, teacherTemperature } }: Recipe): number {
  const [start, end, warmup] = teacherTemperature
  return epochs === 0 ? end : warmupConstant({ start, end, warmup }, epochs - 1)
}
