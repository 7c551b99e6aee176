/** From weights of others to a model, the same kind of folder as an export of ours. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { OPSET } from '../engine/trace/onnx-model.ts'
import { type ImportedWeights, importWeights } from '../interop/import-weights.ts'
import { storedPreprocessing } from '../interop/stored-preprocessing.ts'
import { warmupConstant } from '../math/schedules.ts'
import type { ExportEvent } from '../protocol/export-messages.ts'
import {
  type HeadConfig,
  MODEL_FORMAT,
  type ModelFileConfig,
  type ModelOrigin,
  POOLING
} from '../protocol/model-folder.ts'
import { cutFromLarger } from '../recipe/preprocessing.ts'
import { archOf } from '../recipe/variants.ts'
import type { WeightOptions } from '../recipe/weight-options.ts'
import { type WriteOptions, writeModel } from './writer.ts'

export interface ImportOptions extends WriteOptions {
  /** A weight file, or a folder with one and its configuration. */
  readonly source: string
  readonly weights: WeightOptions
}

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

/**
 * Events of writeModel.
 * @throws AppError checkpoint_invalid, weights_unsupported, weights_mismatch, invalid_request, storage_full; an Error when
 *   the programs deviate
 */
export async function* importModel({ source, weights, ...options }: ImportOptions): AsyncGenerator<ExportEvent> {
  yield { type: 'export_progress', stage: 'reading', share: 0 }
  const imported = await importWeights(source, weights)
  const config = await configOf(imported, { source, weights })
  yield* writeModel({ config, weights: imported.weights, center: imported.center, seed: 0 }, options)
}

async function configOf(
  imported: ImportedWeights,
  { source, weights }: Pick<ImportOptions, 'source' | 'weights'>
): Promise<ModelFileConfig> {
  const { network, files } = imported
  const { normalization, from } = normalizationOf(imported, weights)
  const stored = storedPreprocessing(files, network.imageSize)
  const head = imported.hasHead ? headConfig(imported, weights) : NO_HEAD
  const origin: ModelOrigin = {
    format: imported.format,
    file: files.file,
    sha256: await hashOf((await stat(source)).isFile() ? source : join(source, files.file)),
    part: files.part,
    otherParts: files.otherParts,
    leftOut: imported.leftOut,
    resampling: imported.resampling,
    normalizationFrom: from,
    preprocessingFrom: stored === null ? 'dino' : 'files'
  }
  return {
    format: MODEL_FORMAT,
    ...head,
    arch: archOf(network),
    network,
    patchSize: network.patchSize,
    imageSize: network.imageSize,
    channels: network.channels,
    preprocessing: { ...(stored ?? cutFromLarger(network.imageSize)), ...(weights.bits && { bits: weights.bits }) },
    normalization,
    embeddingDim: network.dim,
    pooling: POOLING,
    studentTemperature: null,
    step: 0,
    onnxOpset: OPSET,
    recipe: null,
    origin
  }
}

const NO_HEAD = { method: null, bottleneckDim: null, prototypes: null, temperature: null, centering: null }

function headConfig({ network, files, format, center }: ImportedWeights, options: WeightOptions): HeadConfig {
  const temperature = options.temperature ?? saidTemperature(files)
  if (temperature === undefined || !(temperature >= 0.001 && temperature <= 10)) {
    const message =
      'The weights have a head, but do not say its teacher temperature, from 0.001 to 10; "temperature" (--temperature) does.'
    throw new AppError('weights_unsupported', { message })
  }
  const { bottleneckDim, prototypes } = network
  const method = options.method ?? (format === 'ibot' ? 'ibot' : 'dino')
  // DINO's and iBOT's center is a mean of raw ⟨w, y⟩.
  return { method, bottleneckDim, prototypes, temperature, centering: center === null ? null : 'logit' }
}

/** Of the last epoch that was trained, where the checkpoint says which; else what its arguments say of the schedule's end. */
export function saidTemperature({
  trainingArguments,
  epochs
}: Pick<ImportedWeights['files'], 'trainingArguments' | 'epochs'>): number | undefined {
  const numberOf = (name: string) => {
    const value = trainingArguments.get(name)
    return typeof value === 'number' ? value : undefined
  }
  const end = numberOf('teacher_temp')
  const start = numberOf('warmup_teacher_temp')
  const warmup = numberOf('warmup_teacher_temp_epochs')
  if (end === undefined || start === undefined || warmup === undefined || epochs === null) return end
  return warmupConstant({ start, end, warmup }, Math.max(0, epochs - 1))
}

interface FoundNormalization {
  readonly normalization: ModelFileConfig['normalization']
  readonly from: ModelOrigin['normalizationFrom']
}

function normalizationOf(imported: ImportedWeights, options: WeightOptions): FoundNormalization {
  const known = knownNormalization(imported, options)
  if (known !== null) return known
  throw new AppError('weights_unsupported', {
    message: 'Nothing says how gray pixels were scaled; "mean" and "std" (--mean, --std) do.'
  })
}

/** Null for gray pixels that nobody says anything about. @throws AppError invalid_request, weights_unsupported */
export function knownNormalization(
  { network, files }: ImportedWeights,
  { mean, std }: WeightOptions
): FoundNormalization | null {
  const { channels } = network
  const fits = (values: unknown): values is number[] =>
    Array.isArray(values) && values.length === channels && values.every((value) => Number.isFinite(value))
  if (mean !== undefined || std !== undefined) {
    if (fits(mean) && fits(std) && std.every((value) => value > 0))
      return { normalization: { mean, std }, from: 'options' }
    throw new AppError('invalid_request', { message: `"mean" and "std" must have ${channels} numbers each.` })
  }
  const timm = files.config?.['pretrained_cfg']
  const pairs = [
    [files.preprocessor?.['image_mean'], files.preprocessor?.['image_std']],
    [listIn(timm, 'mean'), listIn(timm, 'std')]
  ]
  for (const [m, s] of pairs) {
    if (!fits(m) || !fits(s)) continue
    if (s.some((value) => value <= 0)) {
      const message = `The configuration scales pixels by a deviation of ${JSON.stringify(s)}, and not above 0; "mean" and "std" (--mean, --std) say another.`
      throw new AppError('weights_unsupported', { message })
    }
    return { normalization: { mean: m, std: s }, from: 'files' }
  }
  return channels === 3 ? { normalization: IMAGENET, from: 'imagenet' } : null
}

const listIn = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined)

/** sha256 of a file of any length. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
