import type { Recipe } from './schema.ts'
import { VARIANTS, type Variant } from './variants.ts'

/** Of every layer normalization in DINO's ViT; PyTorch's default would be 1e-5. */
export const LAYER_NORM_EPS = 1e-6

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
  /** Learned tokens between class token and patches, without a position (arXiv 2309.16588); left out, none. */
  readonly registers?: number
  /** The student has a token for hidden patches; the teacher never sees one. */
  readonly maskToken?: boolean
}

/** As it answers: the patches' own last layer and the mask token are for training alone. */
export function servedNetwork(recipe: Recipe): Network {
  const { channels, crops, headHiddenDim, bottleneckDim, prototypes, registers } = recipe.hyperparameters
  return {
    ...VARIANTS[recipe.arch],
    patchSize: recipe.patchSize,
    channels,
    imageSize: crops.global.size,
    headHiddenDim,
    bottleneckDim,
    prototypes,
    ...(registers ? { registers } : {})
  }
}

/** Tokens that come before the patches: the class token, then the registers. */
export const leadingTokens = ({ registers = 0 }: Pick<Network, 'registers'>): number => 1 + registers

/** Of an image of the network's size. */
export const tokensOf = (network: Pick<Network, 'imageSize' | 'patchSize' | 'registers'>): number =>
  leadingTokens(network) + (network.imageSize / network.patchSize) ** 2

export function networkOf(recipe: Recipe): Network {
  const { ibot } = recipe.hyperparameters
  const ownLayer = ibot?.patchPrototypes ? { patchPrototypes: ibot.patchPrototypes } : {}
  return { ...servedNetwork(recipe), ...ownLayer, ...(ibot ? { maskToken: true } : {}) }
}

/** How many dimensions a share of an embedding's is. */
export const nestedDimensions = (share: number, dim: number): number => Math.round(share * dim)
