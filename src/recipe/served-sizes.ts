/**
 * Sizes that a model is served at besides its own: whole patches, from half of its side to twice of it. Beyond that patches are of another
 * scale than any it was trained on, and attention grows with the square of their number.
 */
export interface SizedNetwork {
  /** Of the model itself. */
  readonly imageSize: number
  readonly patchSize: number
}

export interface ServedSizes {
  readonly least: number
  readonly most: number
  /** Pixels of a patch: every size is a multiple. */
  readonly step: number
}

/** Patches on a side: 2,304 of them have 340 MB of attention in 16 heads. A model whose own size has more keeps that as its largest. */
const MOST_PATCHES = 48

export function servedSizes({ imageSize, patchSize: step }: SizedNetwork): ServedSizes {
  const most = Math.max(imageSize, Math.min(2 * imageSize, MOST_PATCHES * step))
  return { least: Math.ceil(imageSize / 2 / step) * step, most: Math.floor(most / step) * step, step }
}

/** As the end of a sentence about `image_size`; null for a size that the model is served at. */
export function whyNoSize(size: number, network: SizedNetwork): string | null {
  const { least, most, step } = servedSizes(network)
  if (Number.isInteger(size) && size >= least && size <= most && size % step === 0) return null
  return `must be a multiple of ${step} from ${least} to ${most} for this model`
}

/** Of an image of that size. */
export const patchesAt = (size: number, { patchSize }: Pick<SizedNetwork, 'patchSize'>): number =>
  (size / patchSize) ** 2

/** Numbers that patches of one image may have of all prototypes: 64 MiB, 256 patches of 65,536 prototypes. */
export const MOST_COMPARED = 2 ** 24
