/** Where a crop lies: torchvision's RandomResizedCrop.get_params, and the centered crops of evaluation. */
import type { Prng } from './prng.ts'

/** In pixels of the source; integers for random crops. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface CropRange {
  /** Share of the image's area. */
  readonly scale: readonly [number, number]
  /** Width over height; drawn uniformly in its logarithm. */
  readonly aspectRatio: readonly [number, number]
}

const TRIES = 10

/** Python's round: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

/** The largest centered box whose aspect ratio is allowed: what is left when no random box fits. */
function centeredFallback({ width, height }: Size, [narrow, wide]: readonly [number, number]): Box {
  const ratio = width / height
  let box = { width, height }
  if (ratio < narrow) box = { width, height: Math.max(1, Math.min(height, roundHalfEven(width / narrow))) }
  else if (ratio > wide) box = { width: Math.max(1, Math.min(width, roundHalfEven(height * wide))), height }
  return { left: Math.floor((width - box.width) / 2), top: Math.floor((height - box.height) / 2), ...box }
}

export function randomResizedCrop(image: Size, range: CropRange, random: Prng): Box {
  const area = image.width * image.height
  const logNarrow = Math.log(range.aspectRatio[0])
  const logWide = Math.log(range.aspectRatio[1])
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const target = area * random.uniformBetween(range.scale[0], range.scale[1])
    const aspect = Math.exp(random.uniformBetween(logNarrow, logWide))
    const width = roundHalfEven(Math.sqrt(target * aspect))
    const height = roundHalfEven(Math.sqrt(target / aspect))
    if (width <= 0 || height <= 0 || width > image.width || height > image.height) continue
    const top = random.integer(image.height - height + 1)
    const left = random.integer(image.width - width + 1)
    return { left, top, width, height }
  }
  return centeredFallback(image, range.aspectRatio)
}

/** What evaluation makes of the shorter side before it cuts a square of `size` out of the center. */
export const resizedSide = (size: number): number => Math.round((size * 256) / 224)

/**
 * Evaluation's "resize the shorter side to round(size · 256/224), cut the center": returns the box of the source that
 * becomes the size × size result, in fractional pixels. torchvision's Resize truncates the longer side and CenterCrop
 * rounds the offset half to even; both are kept.
 */
export function centerCropBox(image: Size, size: number): Box {
  const resized = resizedSide(size)
  const short = Math.min(image.width, image.height)
  const scaled = {
    width: image.width <= image.height ? resized : Math.floor((resized * image.width) / short),
    height: image.height <= image.width ? resized : Math.floor((resized * image.height) / short)
  }
  const scaleX = image.width / scaled.width
  const scaleY = image.height / scaled.height
  return {
    left: roundHalfEven((scaled.width - size) / 2) * scaleX,
    top: roundHalfEven((scaled.height - size) / 2) * scaleY,
    width: size * scaleX,
    height: size * scaleY
  }
}
