/**
 * A model as it is served otherwise than its folder has it: at another size, or for what its exported programs do not answer. The program is
 * made of the weights, with positions resampled as whoever published them does it, which an import at that size does too.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { decodeSafetensors } from '../base/safetensors.ts'
import { writing } from '../base/system-errors.ts'
import type { Program } from '../engine/program.ts'
import { traceToOnnx } from '../engine/trace/trace.ts'
import { resamplePositions, resamplingOf } from '../interop/position-table.ts'
import type { ServedView, ViewKind } from '../protocol/inference-messages.ts'
import { headOf, MODEL_FILES, type ModelFileConfig, programFile, readModelConfig } from '../protocol/model-folder.ts'
import { atSize } from '../recipe/preprocessing.ts'
import type { PositionResampling } from '../recipe/weight-options.ts'
import { readTeacherFile } from '../training/checkpoint.ts'
import { configOf } from './export.ts'
import { assignProgram, embedProgram, type ServedNetwork } from './programs.ts'
import { attentionProgram, heatProgram, patchesProgram } from './view-programs.ts'

export interface ViewSource {
  /** Of an exported model its weights, its configuration and what describes its prototypes; of a checkpoint its teacher. */
  readonly folder: string
  readonly isCheckpoint: boolean
}

interface Weights {
  readonly config: ModelFileConfig
  /** @throws AppError checkpoint_invalid, model_not_ready */
  tensor(name: string): Float32Array
}

const PROGRAMS: Record<ViewKind, (served: ServedNetwork) => Program> = {
  embed: embedProgram,
  assign: assignProgram,
  patches: patchesProgram,
  attention: attentionProgram,
  heat: heatProgram
}

const POSITION_TABLE = 'backbone.pos_embed'

/** A checkpoint embeds: the file of its teacher alone does not make a head whole. */
const NO_HEAD = { method: null, bottleneckDim: null, prototypes: null, temperature: null, centering: null } as const

export interface ReadView {
  /** At the size of the view. */
  readonly config: ModelFileConfig
  readonly kind: ViewKind
  readonly program: Program
  /** All inputs of the program but its images. */
  readonly weights: Readonly<Record<string, Float32Array>>
}

/**
 * @param view null: what a checkpoint embeds with, at its own size
 * @throws AppError checkpoint_invalid, checkpoint_not_found, model_not_ready, model_without_head
 */
export async function readView(source: ViewSource, view: ServedView | null): Promise<ReadView> {
  const { config: own, tensor } = await (source.isCheckpoint ? readTeacherWeights : readModelWeights)(source.folder)
  const { kind, imageSize } = view ?? { kind: 'embed' as const, imageSize: own.imageSize }
  if ((kind === 'assign' || kind === 'heat') && headOf(own) === null) throw new AppError('model_without_head')
  const config = configAt(own, imageSize)
  const program = PROGRAMS[kind](config)
  const weights = Object.fromEntries(
    program.inputs
      .filter(({ name }) => name !== 'images')
      .map(({ name }) => [name, name === POSITION_TABLE ? positionsAt(tensor(name), own, imageSize) : tensor(name)])
  )
  return { config, kind, program, weights }
}

/**
 * Writes the program of a view, which nobody checks: it is traced as those of every model are.
 *
 * @returns the configuration at the size of the view
 * @throws what readView throws, and AppError storage_full
 */
export async function writeView(
  source: ViewSource,
  view: ServedView | null,
  programsFolder: string
): Promise<ModelFileConfig> {
  const { config, kind, program, weights } = await readView(source, view)
  await writing(writeFile(join(programsFolder, programFile(kind)), traceToOnnx(program, { constants: weights })))
  return config
}

const configAt = (config: ModelFileConfig, imageSize: number): ModelFileConfig => ({
  ...config,
  imageSize,
  network: { ...config.network, imageSize },
  preprocessing: atSize(config.preprocessing, imageSize)
})

function positionsAt(table: Float32Array, config: ModelFileConfig, imageSize: number): Float32Array {
  const { patchSize } = config
  const grids = { from: config.imageSize / patchSize, to: imageSize / patchSize }
  return resamplePositions(table, { ...grids, resampling: wayOf(config) })
}

/** What was trained here was trained with DINO's way, small crops included. */
const wayOf = ({ origin, network }: ModelFileConfig): PositionResampling =>
  origin === null ? 'offset' : (origin.resampling ?? resamplingOf(origin.format, network))

async function readTeacherWeights(folder: string): Promise<Weights> {
  const { teacher, ...manifest } = await readTeacherFile(folder)
  return {
    config: { ...configOf({ ...manifest, init: manifest.init }), ...NO_HEAD },
    tensor: (name) => {
      const data = teacher.tensors.get(name)?.data
      if (data instanceof Float32Array) return data
      throw new AppError('checkpoint_invalid', { message: `The teacher of the checkpoint has no ${name}.` })
    }
  }
}

async function readModelWeights(folder: string): Promise<Weights> {
  const config = await readModelConfig(folder)
  const parts = headOf(config) === null ? [MODEL_FILES.backbone] : [MODEL_FILES.backbone, MODEL_FILES.head]
  const files = await Promise.all(
    parts.map(async (part) => decodeSafetensors(await readFile(join(folder, part)).catch(unreadable)))
  )
  return {
    config,
    tensor: (name) => {
      const data = files.map(({ tensors }) => tensors.get(name)?.data).find((found) => found !== undefined)
      if (data instanceof Float32Array) return data
      throw new AppError('model_not_ready', { message: `The weights of the model have no ${name}.` })
    }
  }
}

function unreadable(cause: unknown): never {
  throw new AppError('model_not_ready', { message: 'The model has no readable weights.' }, { cause })
}
