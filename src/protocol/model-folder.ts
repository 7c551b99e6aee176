/**
 * A model on disk: the teacher of a checkpoint as other tools read it (safetensors), as it is served (ONNX), and what is
 * known about its prototypes. Written once by model/writer.ts, read by the inference child and the platform.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Precisions } from '../base/precision.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import type { Network } from '../recipe/network.ts'
import { cutFromLarger, type Preprocessing, preprocessingOf } from '../recipe/preprocessing.ts'
import type { PrototypeSurgery } from '../recipe/prototype-surgery.ts'
import type { Centering, Method, Recipe } from '../recipe/schema.ts'
import type { PositionResampling, WeightFormat } from '../recipe/weight-options.ts'
import type { ViewKind } from './inference-messages.ts'

export const MODEL_FORMAT = 'kappa-model/1'

/** What an embedding is. */
export const POOLING = 'class token after the last normalization, unit length'

export const MODEL_FILES = {
  backbone: 'backbone.safetensors',
  head: 'head.safetensors',
  config: 'config.json',
  embed: 'embed.onnx',
  embedInt8: 'embed.int8.onnx',
  assign: 'assign.onnx',
  prototypes: 'prototypes.json',
  mixture: 'mixture.safetensors',
  verification: 'verification.json',
  huggingFaceConfig: 'huggingface/config.json',
  huggingFaceWeights: 'huggingface/model.safetensors',
  huggingFaceProcessor: 'huggingface/preprocessor_config.json'
} as const

/** Of a program that is made for a view; those of a folder have the same names. */
export const programFile = (kind: ViewKind): string => `${kind}.onnx`

/** What a run that begins from a model reads, in the order of its hash (recipe/init-record.ts). */
export const WEIGHT_FILES = [MODEL_FILES.backbone, MODEL_FILES.head, MODEL_FILES.mixture] as const

/** Where the weights of a model come from that was not trained here. */
export interface ModelOrigin {
  readonly format: WeightFormat
  /** Name and content of the file. */
  readonly file: string
  readonly sha256: string
  /** Where in a checkpoint the weights were (`teacher`), and what else it held. */
  readonly part: string | null
  readonly otherParts: readonly string[]
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[]
  /** How the positions were resampled; null when they are as stored. */
  readonly resampling: PositionResampling | null
  /** Where mean and deviation of the pixels come from: a person, the files, or ImageNet's because nobody says. */
  readonly normalizationFrom: 'options' | 'files' | 'imagenet'
  /** Where the preprocessing comes from: the files, or DINO's evaluation because nobody says. */
  readonly preprocessingFrom: 'files' | 'dino'
}

/** What a head adds; all null in a model without one, which serves embeddings only. */
export interface HeadConfig {
  readonly method: Method
  readonly bottleneckDim: number
  readonly prototypes: number
  /** Of the teacher at the model's step: kappa = norm / temperature. */
  readonly temperature: number
  /** How the teacher's logits were centered in training; null where nobody says, as in most weights of others. */
  readonly centering: Centering | null
}

type Nullable<T> = { readonly [K in keyof T]: null }

export type ModelFileConfig = ModelFileBase & (HeadConfig | Nullable<HeadConfig>)

interface ModelFileBase {
  readonly format: typeof MODEL_FORMAT
  /** A name of recipe/variants.ts, or vit_custom; `network` has the sizes. */
  readonly arch: string
  readonly network: Network
  readonly patchSize: number
  readonly imageSize: number
  readonly channels: number
  readonly preprocessing: Preprocessing
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] }
  readonly embeddingDim: number
  readonly pooling: typeof POOLING
  readonly studentTemperature: number | null
  /** Step of the checkpoint; 0 when the weights were not trained here. */
  readonly step: number
  readonly onnxOpset: number
  /** Null when the weights were not trained here. */
  readonly recipe: Recipe | null
  readonly origin: ModelOrigin | null
  /** Of its embeddings, beside float32; left out in models of 0.2 and before. */
  readonly precisions?: Precisions
  /** What its run began from; left out where that was random weights, or no run. */
  readonly continuedFrom?: InitRecord
  /** What forks did to its prototypes; left out where none did. */
  readonly surgeries?: readonly PrototypeSurgery[]
}

/** The head's numbers, or null when there is none. Models made before 0.3 do not say how they were centered. */
export const headOf = (config: HeadConfig | Nullable<HeadConfig>): HeadConfig | null =>
  config.prototypes === null ? null : { ...config, centering: config.centering ?? null }

/**
 * What assigns unless a caller chooses: the teacher as it was trained, since its center decides which prototypes are used
 * at all (125 of 256 with it, 16 without, on Fashion-MNIST); without a known center its bare mixture.
 */
export const defaultPosterior = ({ centering }: Pick<HeadConfig, 'centering'>): 'teacher' | 'model' =>
  centering === null ? 'model' : 'teacher'

/** How the ONNX files compare with the eager forward pass of the training code. */
export interface VerificationReport {
  readonly images: number
  /** Of these, how many were also computed by the pure JavaScript engine, which shares no code with the exported files. */
  readonly independentImages: number
  /** Over embeddings, bottleneck vectors and cosines. */
  readonly maxAbsError: number
  /** Smallest cosine between an image's two embeddings. */
  readonly minCosine: number
  /** Engine that computed the expected values of all images, one by one. */
  readonly reference: string
  /** False when there was no dataset and the images were noise. */
  readonly isOnDataset: boolean
}

/** One component of the fitted mixture; what is measured is measured on all counted images. */
export interface FittedComponent {
  /** That it began at. */
  readonly prototype: number
  /** π */
  readonly weight: number
  /** Maximum likelihood. */
  readonly kappa: number
  /** 95 %, without what fitting the direction adds to κ (math/concentration.ts); null where it cannot be said. */
  readonly kappaInterval: readonly [number, number] | null
  /** R̄: mean cosine to the direction, by posterior. */
  readonly resultantLength: number
  /** Images whose likeliest component it is. */
  readonly usage: number
  /** Of those images; null without any. */
  readonly meanCosine: number | null
  /** Of those images to the direction. */
  readonly angleDegrees: { readonly p5: number; readonly p50: number; readonly p95: number } | null
}

export interface FittedSummary {
  /** It was fitted to, and measured on. */
  readonly images: number
  readonly heldOutImages: number
  readonly components: number
  /** Starts that were left with fewer than five images. */
  readonly dropped: number
  readonly iterations: number
  /** False when iterations ran out. */
  readonly hasConverged: boolean
  /** Means in nats over held-out images: of the mixture, and of the uniform density. */
  readonly heldOutLogLikelihood: number
  readonly uniformLogLikelihood: number
}

export interface PrototypeRecord {
  readonly index: number
  /** ‖w‖/τ: the precision with which the teacher assigns. It says nothing about where images lie. */
  readonly kappa: number
  readonly logNormalizer: number
  /** Training images whose likeliest prototype this is, by the default posterior; null when the export saw no images. */
  readonly usage: number | null
  /** Mean posterior over those images; null likewise. */
  readonly meanProbability: number | null
  /** At most three, most similar first; empty for prototypes left out of a very large head. */
  readonly nearest: readonly { readonly prototype: number; readonly cosine: number }[]
  /** The earlier prototype that this one repeats (cosine distance under 0.025); null when it is unique. */
  readonly duplicatesOf: number | null
  /** Null where no component began at it, or none is left. */
  readonly fitted: FittedComponent | null
}

export interface PrototypeFile {
  readonly format: 'kappa-prototypes/2'
  readonly temperature: number
  /** That usage was counted by. */
  readonly posterior: 'teacher' | 'model'
  /** Training images looked at. */
  readonly images: number
  /** Prototypes that are the likeliest of at least one image; null without images. */
  readonly used: number | null
  /** Of the used ones, those that repeat no other; null likewise. */
  readonly unique: number | null
  /** Largest share of the images that one prototype has; null likewise. */
  readonly topShare: number | null
  /** A sentence when few prototypes take all images. */
  readonly alarm: string | null
  readonly fitted: (FittedSummary & { readonly logDensityQuantiles: readonly number[] }) | null
  readonly prototypes: readonly PrototypeRecord[]
}

/** Names in mixture.safetensors: the center [K] as training has it, directions of the fitted components [C, p]. */
export const MIXTURE_TENSORS = { center: 'center', directions: 'fitted.directions' } as const

/**
 * Folders of 0.2 and before do not say how their images are resized: they get what an export of their recipe says now.
 *
 * @throws AppError model_not_ready when the folder holds no model of this format
 */
export async function readModelConfig(folder: string): Promise<ModelFileConfig> {
  return completed(await readJson<StoredConfig>(join(folder, MODEL_FILES.config), MODEL_FORMAT))
}

/** The same from the file's text. @throws AppError model_not_ready */
export const parseModelConfig = (text: string): ModelFileConfig =>
  completed(parseJson<StoredConfig>(text, MODEL_FORMAT))

type StoredConfig = Omit<ModelFileConfig, 'preprocessing'> & Partial<ModelFileConfig>

function completed(config: StoredConfig): ModelFileConfig {
  const { recipe, imageSize } = config
  const preprocessing = config.preprocessing ?? (recipe === null ? cutFromLarger(imageSize) : preprocessingOf(recipe))
  return { ...config, preprocessing } as ModelFileConfig // the rest is as it was written
}

/** What files from before 0.3 do not say. */
const NOT_FITTED = { posterior: 'model', unique: null, topShare: null, alarm: null, fitted: null } as const

/** @throws AppError model_not_ready */
export async function readPrototypes(folder: string): Promise<PrototypeFile> {
  const path = join(folder, MODEL_FILES.prototypes)
  const file = await readJson<PrototypeFile>(path, 'kappa-prototypes/2', 'kappa-prototypes/1')
  if (file.fitted !== undefined) return file
  return { ...file, ...NOT_FITTED, prototypes: file.prototypes.map((one) => ({ ...one, fitted: null })) }
}

/** Our own files: the format's name is checked, the rest is what model/writer.ts wrote. */
async function readJson<T extends { readonly format: string }>(path: string, ...formats: string[]): Promise<T> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(error)
  })
  return parseJson(text, ...formats)
}

const unreadable = (cause: unknown): AppError =>
  new AppError('model_not_ready', { message: 'The model has no readable files.' }, { cause })

function parseJson<T extends { readonly format: string }>(text: string, ...formats: string[]): T {
  let value: T
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadable(error)
  }
  if (!formats.includes(value.format))
    throw new AppError('model_not_ready', { message: `A model file is not of the format ${formats.join(' or ')}.` })
  return value
}
