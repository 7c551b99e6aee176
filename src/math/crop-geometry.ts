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

/** Evaluation's resize, then a square cut from the middle; in pixels. */
export interface ResizeAndCrop {
  /** What becomes `side` pixels: the shorter side, the other one in proportion, or both, whatever the shape was. */
  readonly resize: 'shorter_side' | 'both_sides'
  /** At least `crop`. */
  readonly side: number
  readonly crop: number
}

function resizedSize({ width, height }: Size, { resize, side }: ResizeAndCrop): Size {
  if (resize === 'both_sides') return { width: side, height: side }
  if (width <= height) return { width: side, height: Math.floor((side * height) / width) }
  return { width: Math.floor((side * width) / height), height: side }
}

/**
 * The box of the source that becomes the crop × crop result, in fractional pixels. Resizing truncates the longer side, as
 * torchvision and transformers do. The offset is rounded down, as in transformers; torchvision rounds halves to even, so
 * its crop lies one pixel further where the margin is 3, 7, 11 … pixels.
 */
export function centerCropBox(image: Size, rule: ResizeAndCrop): Box {
  const resized = resizedSize(image, rule)
  const scaleX = image.width / resized.width
  const scaleY = image.height / resized.height
  return {
    left: Math.floor((resized.width - rule.crop) / 2) * scaleX,
    top: Math.floor((resized.height - rule.crop) / 2) * scaleY,
    width: rule.crop * scaleX,
    height: rule.crop * scaleY
  }
}
