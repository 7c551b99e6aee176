import type { Recipe } from './schema.ts'
import { VARIANTS, type Variant } from './variants.ts'

/** Of every layer normalization in DINO's ViT; PyTorch's default would be 1e-5. */
export const LAYER_NORM_EPS = 1e-6

/** Of rotary positions, in every DINOv3. */
export const ROTARY_BASE = 100

/** Every size of student and teacher: a variant, what it looks at and the head on top. */
export interface Network extends Variant {
  readonly patchSize: number
  readonly channels: number
  /** Pixels of a global crop, square: the size the position embedding is stored for. */
  readonly imageSize: number
  readonly headHiddenDim: number
  /** p: dimension of the unit sphere. */
  readonly bottleneckDim: number
  /** K. */
  readonly prototypes: number
  /** DINO's unless it is given: weights from elsewhere may have been trained with another. */
  readonly layerNormEps?: number
  /** Of the patches' own last layer; left out where they share the class token's, or nothing is predicted of them. */
  readonly patchPrototypes?: number
  /** `rotary`: queries and keys turn with the place of their patch (ssl/rotary.ts); left out, a learned table is added. */
  readonly positions?: 'rotary'
  /** Of SwiGLU feed-forward layers the width between; left out, they are GELU's and mlpRatio times as wide as the network. */
  readonly gatedDim?: number
  /** Learned tokens between class token and patches, without a position (arXiv 2309.16588); left out, none. */
  readonly registers?: number
  /** The student has a token for hidden patches; the teacher never sees one. */
  readonly maskToken?: boolean
}

/** As it answers: the patches' own last layer and the mask token are for training alone. */
export function servedNetwork(recipe: Recipe): Network {
  const h = recipe.hyperparameters
  const { channels, crops, headHiddenDim, bottleneckDim, prototypes } = h
  const variant = VARIANTS[recipe.arch]
  return {
    ...variant,
    patchSize: recipe.patchSize,
    channels,
    imageSize: crops.global.size,
    headHiddenDim,
    bottleneckDim,
    prototypes,
    ...(h.positions === 'rotary' ? { positions: h.positions } : {}),
    ...(h.feedForward === 'swiglu' ? { gatedDim: gatedDimOf(variant) } : {}),
    ...(h.registers ? { registers: h.registers } : {})
  }
}

/**
 * Of SwiGLU layers in a network of such sizes: two thirds of GELU's width, so that both have as many weights, rounded up to
 * eights (facebookresearch/dinov2, layers/swiglu_ffn.py, SwiGLUFFNFused).
 */
export const gatedDimOf = ({ dim, mlpRatio }: Pick<Variant, 'dim' | 'mlpRatio'>): number =>
  8 * Math.floor((Math.floor((Math.floor(dim * mlpRatio) * 2) / 3) + 7) / 8)

/** In the layers of a block; each is a multiplication and an addition of every token. */
export function blockWeights({ dim, mlpRatio, gatedDim }: Network): number {
  const feedForward = gatedDim === undefined ? 2 * mlpRatio * dim * dim : 3 * gatedDim * dim
  return 4 * dim * dim + feedForward
}

/** Tokens that come before the patches: the class token, then the registers. */
export const leadingTokens = ({ registers = 0 }: Pick<Network, 'registers'>): number => 1 + registers

/** Of an image of the network's size. */
export const tokensOf = (network: Pick<Network, 'imageSize' | 'patchSize' | 'registers'>): number =>
  leadingTokens(network) + (network.imageSize / network.patchSize) ** 2

/** DINO's copy detection resizes to 320 pixels for networks of 224. */
const COPY_SIZE = 320 / 224

/** Pixels of a side that copies are compared at: as much larger than the network's as in the original, in whole patches. */
export const copySizeOf = ({ imageSize, patchSize }: Pick<Network, 'imageSize' | 'patchSize'>): number =>
  Math.round((imageSize * COPY_SIZE) / patchSize) * patchSize

export function networkOf(recipe: Recipe): Network {
  const { ibot } = recipe.hyperparameters
  const ownLayer = ibot?.patchPrototypes ? { patchPrototypes: ibot.patchPrototypes } : {}
  return { ...servedNetwork(recipe), ...ownLayer, ...(ibot ? { maskToken: true } : {}) }
}

/** How many dimensions a share of an embedding's is. */
export const nestedDimensions = (share: number, dim: number): number => Math.round(share * dim)
