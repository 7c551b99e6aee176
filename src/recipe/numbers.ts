/**
 * What a recipe costs, from its sizes alone.
 * B batch, G and L global and local crops, n tokens of a crop, d width, r MLP ratio, h heads, K prototypes.
 */
import { FINETUNE_BATCH } from '../base/evaluation.ts'
import { FINETUNED_COPIES, type TrainedNetwork } from '../base/evaluation-cost.ts'
import { largestMask } from '../math/masks.ts'
import { blockWeights, leadingTokens, type Network, servedNetwork, tokensOf } from './network.ts'
import type { Recipe } from './schema.ts'
import { VARIANTS } from './variants.ts'

export interface RecipeNumbers {
  readonly stepsPerEpoch: number
  readonly totalSteps: number
  readonly tokensPerGlobalCrop: number
  readonly tokensPerLocalCrop: number
  /** Of all crops of one image, as the student sees them. */
  readonly tokensPerImage: number
  /** Of the student: backbone and head. */
  readonly parameters: number
  readonly backboneParameters: number
  readonly headParameters: number
  /** Multiplications and additions of student (forward and backward) and teacher (forward), per training image. */
  readonly flopsPerImage: number
  readonly totalFlops: number
  /** Estimate of what each processor needs for state and activations; the runtime's own 200 MB come on top. */
  readonly memoryBytes: number
  /**
   * The same of each GPU, with products in bfloat16. It is 0.98 to 1.07 of what XLA plans (bench/RESULTS.md); CUDA's context of
   * some hundred MB comes on top.
   */
  readonly gpuMemoryBytes: number
}

const FLOAT_BYTES = 4
/** Student, teacher, two moments, each once as input and once as output of the step, and the gradients. */
const STATE_COPIES = 9
/** On a GPU, where the state is moved in place: student, teacher, two moments, the gradient, and student and teacher rounded. */
const GPU_STATE_COPIES = 6
/** Of what is kept for the backward pass there: results of products, which are rounded. */
const GPU_ACTIVATION_BYTES = 2
/** With a batch in parts: the gradients of one part, and their mean as the update's input. */
const GRADIENT_COPIES = 2

const patchesOf = (size: number, patchSize: number): number => Math.floor(size / patchSize) ** 2

function countBackbone(network: Network): number {
  const { dim: d, depth, mlpRatio: r, gatedDim, patchSize, channels, imageSize, positions } = network
  // Two norms 4d · biases of qkv 3d, of the projection d, of the feed-forward's two layers.
  const block = blockWeights(network) + 9 * d + (gatedDim === undefined ? r * d : 2 * gatedDim)
  const patchEmbed = channels * patchSize * patchSize * d + d
  // Registers have no position.
  const table = positions === 'rotary' ? 0 : 1 + patchesOf(imageSize, patchSize)
  return patchEmbed + d * (leadingTokens(network) + table) + depth * block + 2 * d
}

function countHead({ arch, hyperparameters: h }: Recipe): number {
  const { dim } = VARIANTS[arch]
  const { headHiddenDim: hidden, bottleneckDim: p, prototypes, ibot } = h
  const rows = prototypes + (ibot?.patchPrototypes ?? 0)
  return (dim + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * p + rows * (p + 1)
}

/** One crop forward through the backbone: a block's weights and 4 n² d of attention, and the patch embedding. */
function backboneFlops(network: Network, patches: number): number {
  const { dim: d, depth, patchSize, channels } = network
  const n = leadingTokens(network) + patches
  return depth * (2 * n * blockWeights(network) + 4 * n * n * d) + 2 * patches * patchSize ** 2 * channels * d
}

/** Multiplications that are added up, of one whole image through the backbone. */
export const backboneProducts = (network: Network): number =>
  backboneFlops(network, patchesOf(network.imageSize, network.patchSize)) / 2

/** One token through the head's layers, up to the unit sphere. */
function bottleneckFlops({ arch, hyperparameters: { headHiddenDim: hidden, bottleneckDim: p } }: Recipe): number {
  return 2 * (VARIANTS[arch].dim * hidden + hidden * hidden + hidden * p)
}

const headFlops = (recipe: Recipe): number =>
  bottleneckFlops(recipe) + 2 * recipe.hyperparameters.bottleneckDim * recipe.hyperparameters.prototypes

/** What masked patch prediction adds to one global crop. */
interface MaskedNumbers {
  /** Of student (forward and backward) and teacher. */
  readonly flops: number
  /** Kept for the backward pass, and the teacher's widest. */
  readonly activations: number
}

/**
 * The student's head runs on as many patches as a mask may hide at most. The teacher's runs on all patches, since the
 * center averages them all, and on registers among them; logits of all patches are needed in probability space only, and
 * never kept.
 */
function maskedNumbers(recipe: Recipe, patches: number): MaskedNumbers {
  const { ibot, centering, prototypes, bottleneckDim: p, headHiddenDim: hidden } = recipe.hyperparameters
  if (!ibot) return { flops: 0, activations: 0 }
  const rows = ibot.patchPrototypes ?? prototypes
  const hidable = largestMask(ibot.masks, Math.sqrt(patches))
  const centered = centering === 'probability' || centering === 'probability-ema' ? patches : 0
  const one = bottleneckFlops(recipe)
  const { registers = 0 } = recipe.hyperparameters
  return {
    flops: 3 * hidable * (one + 2 * p * rows) + (patches + registers) * one + (hidable + centered) * 2 * p * rows,
    activations: hidable * (4 * hidden + 5 * rows) + (patches + registers) * 2 * hidden
  }
}

/** What Gram anchoring adds to one global crop. */
interface GramNumbers {
  readonly flops: number
  readonly activations: number
  /** Of the start. */
  readonly parameters: number
}

/** Cosines of the student's patches and of the anchor's, the student's gradient, and the start's own pass. */
function gramNumbers(recipe: Recipe, patches: number): GramNumbers {
  const { gram } = recipe.hyperparameters
  if (!gram) return { flops: 0, activations: 0, parameters: 0 }
  const { dim } = VARIANTS[recipe.arch]
  const isStart = gram.anchor === 'start'
  return {
    flops: 3 * 2 * patches * patches * dim + (isStart ? backboneFlops(servedNetwork(recipe), patches) : 0),
    activations: 2 * patches * patches + 4 * patches * dim,
    parameters: isStart ? countBackbone(servedNetwork(recipe)) : 0
  }
}

/**
 * Floats of a crop that the backbone keeps for its backward pass: a token and block (10 + 2r) d, with SwiGLU 10 d and thrice its
 * width, an attention matrix and block 2 h n² (logits and probabilities).
 */
function keptFloats({ dim, depth, heads, mlpRatio, gatedDim }: Network, tokens: number): number {
  const wide = gatedDim === undefined ? 2 * mlpRatio * dim : 3 * gatedDim
  return depth * (tokens * (10 * dim + wide) + 2 * heads * tokens * tokens)
}

/** Of an image of that many pixels a side: its patches, and the products of one pass. */
export function productsAt(network: Network, size: number): { readonly patches: number; readonly forward: number } {
  const patches = patchesOf(size, network.patchSize)
  return { patches, forward: backboneFlops(network, patches) / 2 }
}

/** What protocols that train take of a network (base/evaluation-cost.ts). */
export const trainedNetwork = (network: Network): TrainedNetwork => ({
  forward: backboneProducts(network),
  finetuneBytes:
    FLOAT_BYTES * (FINETUNED_COPIES * countBackbone(network) + FINETUNE_BATCH * keptFloats(network, tokensOf(network)))
})

/**
 * Floats of an image that are kept for the backward pass: the backbone's, and a crop's logits, their log-softmax and gradient
 * 3K; the teacher keeps only its probabilities and logits, 2K a global crop.
 */
function floatsPerImage(recipe: Recipe, patches: { global: number; local: number }): number {
  const network = servedNetwork(recipe)
  const { prototypes, crops, nested } = recipe.hyperparameters
  const leading = leadingTokens(recipe.hyperparameters)
  const terms = maskedNumbers(recipe, patches.global).activations + gramNumbers(recipe, patches.global).activations
  const heading = (1 + (nested?.length ?? 0)) * 3 * prototypes
  const kept = (n: number) => keptFloats(network, n) + heading
  const global = kept(leading + patches.global) + 2 * prototypes + terms
  return crops.global.count * global + crops.local.count * kept(leading + patches.local)
}

/** @param devices that share every batch; each has the whole state */
export function recipeNumbers(recipe: Recipe, images: number, devices = 1): RecipeNumbers {
  const { epochs, batchSize, accumulationSteps = 1, crops } = recipe.hyperparameters
  const { global, local } = crops
  const patches = { global: patchesOf(global.size, recipe.patchSize), local: patchesOf(local.size, recipe.patchSize) }
  const leading = leadingTokens(recipe.hyperparameters)
  const tokens = { global: leading + patches.global, local: leading + patches.local }
  const globalFlops = backboneFlops(servedNetwork(recipe), patches.global) + headFlops(recipe)
  const localFlops = backboneFlops(servedNetwork(recipe), patches.local) + headFlops(recipe)
  // A backward pass is two forward passes: gradients of inputs and of weights.
  const masked = maskedNumbers(recipe, patches.global).flops
  const gram = gramNumbers(recipe, patches.global)
  const nestedFlops = (recipe.hyperparameters.nested?.length ?? 0) * headFlops(recipe)
  const student = global.count * (globalFlops + nestedFlops) + local.count * (localFlops + nestedFlops)
  const flopsPerImage = 3 * student + global.count * (globalFlops + masked + gram.flops)
  const ofParts = accumulationSteps > 1 ? GRADIENT_COPIES : 0
  const activations = (batchSize / (accumulationSteps * devices)) * floatsPerImage(recipe, patches)
  const stepsPerEpoch = Math.floor(images / batchSize)
  const backboneParameters = countBackbone(servedNetwork(recipe))
  const headParameters = countHead(recipe)
  const parameters = backboneParameters + headParameters
  return {
    stepsPerEpoch,
    totalSteps: stepsPerEpoch * epochs,
    tokensPerGlobalCrop: tokens.global,
    tokensPerLocalCrop: tokens.local,
    tokensPerImage: global.count * tokens.global + local.count * tokens.local,
    parameters,
    backboneParameters,
    headParameters,
    flopsPerImage,
    totalFlops: flopsPerImage * stepsPerEpoch * batchSize * epochs,
    memoryBytes: FLOAT_BYTES * ((STATE_COPIES + ofParts) * parameters + gram.parameters + activations),
    gpuMemoryBytes:
      FLOAT_BYTES * ((GPU_STATE_COPIES + ofParts) * parameters + gram.parameters) + GPU_ACTIVATION_BYTES * activations
  }
}
