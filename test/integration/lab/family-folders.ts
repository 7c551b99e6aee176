/** Weights of several families of networks, as files of a model's folder that views are made of. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeSafetensors } from '../../../src/base/safetensors.ts'
import { type ImportedWeights, importWeights } from '../../../src/interop/import-weights.ts'
import { MODEL_FILES, MODEL_FORMAT } from '../../../src/protocol/model-folder.ts'
import { seenWhole } from '../../../src/recipe/preprocessing.ts'
import { golden, WEIGHTS_FOLDER } from '../../conformance/interop/golden.ts'

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
/** Of each family the stored size and those that its own code was asked for. */
export const FAMILIES = {
  'dino-full': { sizes: [], weights: { heads: 2 } },
  'dino-backbone': { sizes: [16, 24], weights: { heads: 2 } },
  'dinov2-registers': { sizes: [12, 20], weights: { heads: 2 } },
  'hf-registers': { sizes: [16, 24], weights: {} },
  'hf-dinov3': { sizes: [16, 24], weights: {} },
  'dinov2-swiglu': { sizes: [12, 20], weights: { heads: 2 } }
} as const
export type Family = keyof typeof FAMILIES
export const FAMILY_NAMES = Object.keys(FAMILIES) as Family[]

export const stored = (name: Family): Promise<ImportedWeights> =>
  importWeights(join(WEIGHTS_FOLDER, golden.cases[name]!.file), FAMILIES[name].weights)

/** Of a model's folder what a view reads: an import checks its programs, too, which takes seconds. */
export async function writeWeights(
  folder: string,
  { network, weights, format, hasHead }: ImportedWeights
): Promise<void> {
  const { imageSize, patchSize, channels, dim, bottleneckDim, prototypes } = network
  const head = hasHead
    ? { method: 'dino', bottleneckDim, prototypes, temperature: 0.07, centering: null }
    : { method: null, bottleneckDim: null, prototypes: null, temperature: null, centering: null }
  const config = {
    ...{ format: MODEL_FORMAT, network, patchSize, imageSize, channels, embeddingDim: dim, recipe: null, ...head },
    preprocessing: seenWhole(imageSize),
    normalization: IMAGENET,
    origin: { format, resampling: null }
  }
  await writeFile(join(folder, MODEL_FILES.config), JSON.stringify(config))
  for (const part of hasHead ? (['backbone', 'head'] as const) : (['backbone'] as const)) {
    const names = Object.keys(weights).filter((one) => one.startsWith(`${part}.`))
    const tensors = names.map((one) => [one, { shape: [weights[one]!.length], data: weights[one]! }] as const)
    await writeFile(join(folder, MODEL_FILES[part]), Buffer.concat(encodeSafetensors(new Map(tensors))))
  }
}
