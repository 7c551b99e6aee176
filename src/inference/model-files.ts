/**
 * A model on disk: the teacher of a checkpoint as other tools read it (safetensors), as it is served (ONNX), and what is
 * known about its prototypes. Written once by export.ts, read by the inference child and the platform.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Arch, Method, Recipe } from '../recipe/schema.ts'

export const MODEL_FORMAT = 'kappa-model/1'

export const MODEL_FILES = {
  backbone: 'backbone.safetensors',
  head: 'head.safetensors',
  config: 'config.json',
  embed: 'embed.onnx',
  assign: 'assign.onnx',
  prototypes: 'prototypes.json',
  verification: 'verification.json'
} as const

export interface ModelFileConfig {
  readonly format: typeof MODEL_FORMAT
  readonly method: Method
  readonly arch: Arch
  readonly patchSize: number
  readonly imageSize: number
  readonly channels: 1 | 3
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] }
  readonly embeddingDim: number
  readonly bottleneckDim: number
  readonly prototypes: number
  /** Teacher temperature at the end of its schedule: kappa = norm / temperature. */
  readonly temperature: number
  readonly studentTemperature: number
  /** Step of the checkpoint. */
  readonly step: number
  readonly recipe: Recipe
}

/** How the ONNX files compare with the eager forward pass of the training code. */
export interface VerificationReport {
  readonly images: number
  /** Over embeddings, bottleneck vectors and cosines. */
  readonly maxAbsError: number
  /** Smallest cosine between an image's two embeddings. */
  readonly minCosine: number
  /** Engine that computed the expected values. */
  readonly reference: string
  /** False when there was no dataset and the images were noise. */
  readonly isOnDataset: boolean
}

export interface PrototypeRecord {
  readonly index: number
  readonly kappa: number
  readonly expectedCosine: number
  readonly logNormalizer: number
  /** Training images whose likeliest prototype this is; null when the export saw no images. */
  readonly usage: number | null
  /** Mean posterior over those images; null likewise. */
  readonly meanProbability: number | null
  /** At most three, most similar first; empty for prototypes left out of a very large head. */
  readonly nearest: readonly { readonly prototype: number; readonly cosine: number }[]
  /** The earlier prototype that this one repeats (cosine distance under 0.025); null when it is unique. */
  readonly duplicatesOf: number | null
}

export interface PrototypeFile {
  readonly format: 'kappa-prototypes/1'
  readonly temperature: number
  /** Training images looked at for usage and densities. */
  readonly images: number
  /** Prototypes that are the likeliest of at least one image; null without images. */
  readonly used: number | null
  /** Prototypes compared with each other (all, or the used ones of a very large head), and how many of them repeat none. */
  readonly compared: number
  readonly unique: number
  /** Log density of training images at evenly spaced shares 0 … 1, ascending; empty without images. */
  readonly logDensityQuantiles: readonly number[]
  readonly prototypes: readonly PrototypeRecord[]
}

/** @throws AppError model_not_ready when the folder holds no model of this format */
export const readModelConfig = (folder: string): Promise<ModelFileConfig> =>
  readJson<ModelFileConfig>(join(folder, MODEL_FILES.config), MODEL_FORMAT)

/** @throws AppError model_not_ready */
export const readPrototypes = (folder: string): Promise<PrototypeFile> =>
  readJson<PrototypeFile>(join(folder, MODEL_FILES.prototypes), 'kappa-prototypes/1')

/** Our own files: the format's name is checked, the rest is what export.ts wrote. */
async function readJson<T extends { readonly format: string }>(path: string, format: T['format']): Promise<T> {
  let value: T
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new AppError('model_not_ready', { message: 'The model has no readable files.' }, { cause: error })
  }
  if (value.format !== format)
    throw new AppError('model_not_ready', { message: `A model file is not of the format ${format}.` })
  return value
}
