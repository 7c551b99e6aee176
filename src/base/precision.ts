/** In what a model's vectors are computed. int8: weights in 8 bits, and what they are multiplied with (engine/quantize.ts). */
export const PRECISIONS = ['float32', 'int8'] as const
export type ServedPrecision = (typeof PRECISIONS)[number]

/** What vectors lose to those of float32, measured on the model's own images. */
export interface PrecisionFigures {
  readonly images: number
  /** Between an image's two vectors. */
  readonly minCosine: number
  readonly meanCosine: number
  /** Of the ten nearest of each image among the others, how many are the same where all vectors are of this precision. */
  readonly recallAt10: number
}

/** Those a model has beside float32; null of one that was made without images, or with too few: nothing was measured. */
export interface Precisions {
  readonly int8?: PrecisionFigures | null
}
