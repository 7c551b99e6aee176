/** A run's folder as `kappa train` leaves it, without the training: 100 steps of numbers that are easy to add up. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keysToSnake } from '../../src/base/casing.ts'
import type { ModelFileConfig, PrototypeFile } from '../../src/protocol/model-folder.ts'
import { muRecipe } from './mu-recipe.ts'

export const STEPS = 100

export interface FolderOptions {
  /** Watts that GPUs say at every 50th step; left out: there are none. */
  readonly watts?: readonly number[]
}

/** Batches of 8 at 16 images a second: half a second a step. */
export function metricsOf(step: number, watts: readonly number[] = []): Record<string, number> {
  const isWindow = step % 50 === 0
  return {
    loss: 5 - step / 100,
    teacher_entropy: 2,
    images_per_second: 16,
    ...(isWindow && { kappa_p50: 30 + step / 50 }),
    ...(isWindow && watts.length > 0 && { gpu_power_watts: watts[step / 50 - 1] ?? 0 })
  }
}

/** @returns the folder of the model in it */
export async function writeRunFolder(folder: string, { watts }: FolderOptions = {}): Promise<string> {
  const recipe = muRecipe()
  const model = join(folder, 'model')
  await mkdir(model, { recursive: true })
  await mkdir(join(folder, 'dataset'))
  const json = (path: string, value: unknown) => writeFile(join(folder, path), JSON.stringify(value))
  const record = { format: 'kappa-run/1', recipe, images: '/home/somebody/photos', holdOut: null, init: null }
  await json('run.json', keysToSnake(record))
  await json('dataset/manifest.json', {
    ...{ format: 'kappa-dataset/1', images: 40, bytes: 1000, classes: ['left', 'right'], contentHash: 'c'.repeat(64) },
    ...{ shards: [], rejected: 0, duplicates: 0, sizes: { '8x8': 40 } }
  })
  await json('trained-with.json', { engine: 'onnx', device: 'cpu, 2 threads', precision: 'float32', devices: 1 })
  const steps = Array.from({ length: STEPS }, (_, i) =>
    JSON.stringify({ type: 'step', step: i + 1, epoch: 1, metrics: metricsOf(i + 1, watts) })
  )
  await writeFile(join(folder, 'metrics.jsonl'), `${steps.join('\n')}\n{"type":"step","st`)
  const evaluation = {
    ...{ type: 'evaluation', protocol: 'knn', settings: { temperature: 0.07 }, bank: 36, queries: 4, classes: 2 },
    ...{ metrics: { top1_k20: { value: 0.75, low: 0.3, high: 0.95 } }, dimensions: 32 },
    ...{ model: '/home/somebody/run/model', bank_source: '/home/somebody/run/dataset' },
    queries_source: '/home/somebody/run/held-out'
  }
  await writeFile(join(folder, 'evaluation.jsonl'), `${JSON.stringify(evaluation)}\n`)
  await json('model/config.json', configOf(recipe))
  await json('model/prototypes.json', PROTOTYPES)
  await json('model/verification.json', {
    ...{
      images: 40,
      independentImages: 4,
      maxAbsError: 1e-6,
      minCosine: 0.999999,
      reference: 'onnx',
      isOnDataset: true
    }
  })
  return model
}

const configOf = (recipe: ReturnType<typeof muRecipe>): ModelFileConfig => ({
  format: 'kappa-model/1',
  arch: 'vit_mu',
  network: {
    ...{ dim: 32, depth: 2, heads: 2, mlpRatio: 2, patchSize: 4, channels: 1, imageSize: 8, registers: 0 },
    ...{ prototypes: 16, bottleneckDim: 16, headHiddenDim: 24 }
  } as unknown as ModelFileConfig['network'], // what cards say of it
  patchSize: 4,
  imageSize: 8,
  channels: 1,
  preprocessing: { resize: 'both_sides', side: 8, interpolation: 'bicubic', crop: 8 },
  normalization: { mean: [0.5], std: [0.5] },
  embeddingDim: 32,
  pooling: 'class token after the last normalization, unit length',
  studentTemperature: 0.1,
  step: STEPS,
  onnxOpset: 17,
  recipe,
  origin: null,
  method: 'dino-vmf',
  bottleneckDim: 16,
  prototypes: 3,
  temperature: 0.05,
  centering: 'probability'
})

const prototype = (index: number) => ({
  ...{ index, kappa: 30 + 10 * index, logNormalizer: 100, usage: index * 10, meanProbability: 0.3, nearest: [] },
  ...{ duplicatesOf: null, fitted: null }
})

const PROTOTYPES: PrototypeFile = {
  format: 'kappa-prototypes/2',
  temperature: 0.05,
  posterior: 'teacher',
  images: 40,
  used: 2,
  unique: 2,
  topShare: 0.5,
  alarm: null,
  fitted: null,
  prototypes: [0, 1, 2].map(prototype)
}
