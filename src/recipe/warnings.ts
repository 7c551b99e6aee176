/** What a recipe does not use of its images, or makes up, from their report: nothing is wrong with it, but whoever trains should know. */
import { centerCropBox } from '../math/crop-geometry.ts'
import { BITS, type BitCounts, type Bits, bitsOfAll, imagesAbove, WHOLE_RANGE } from './bits.ts'
import { type DatasetReport, imagesBelow } from './dataset-report.ts'
import { preprocessingOf } from './preprocessing.ts'
import type { Recipe } from './schema.ts'

export const WARNINGS = ['colour', 'margins', 'bits', 'upscaled', 'workers', 'quota', 'checkpoint'] as const

export interface RecipeWarning {
  readonly what: (typeof WARNINGS)[number]
  /** That it is about. */
  readonly images: number
  readonly message: string
}

/** Of a square, 256/224 leaves 77 %, which is how DINO is evaluated; below this the shape of the images is the cause. */
export const LEAST_SEEN = 0.7

/** Share of an image's area that a finished model sees. */
export function seenShare(image: { readonly width: number; readonly height: number }, recipe: Recipe): number {
  const box = centerCropBox(image, preprocessingOf(recipe))
  return (box.width * box.height) / (image.width * image.height)
}

/** What is lost of images of more than 8 bits; and where 16-bit samples are read by other bits than hold them, which would. */
export function bitsWarning(
  { deep, bits: counts = {} }: Pick<DatasetReport, 'deep' | 'bits'>,
  { hyperparameters: { bits = WHOLE_RANGE } }: Recipe
): RecipeWarning | null {
  if (deep === 0) return null
  const read = `${deep} images have more than 8 bits a sample, and are read as 8`
  const right = bitsOfAll(counts) ?? bits
  const above = imagesAbove(counts, bits)
  const what =
    right < bits
      ? `; no 16-bit sample uses more than ${right} bits, and by ${bits} they come out ${2 ** (bits - right)} times too dark: bits ${right} is right`
      : above > 0
        ? `; ${above} of them have samples above ${2 ** bits - 1}, which become white: bits ${right} holds all`
        : mostlyDark(counts, right)
  return { what: 'bits', images: deep, message: `${read}${what}` }
}

/** A few bright images, or one broken pixel, that all others are dark for. */
function mostlyDark(counts: BitCounts, bits: Bits): string {
  const all = imagesAbove(counts, 0)
  const enough = BITS.find((one) => imagesAbove(counts, one) < all / 2) ?? bits
  if (enough === bits) return ''
  return `; of 16-bit images, ${all - imagesAbove(counts, enough)} of ${all} use no more than ${enough} bits and come out dark by ${bits}: bits ${enough} cuts what the others have above it`
}

export const upscaledWarning = (images: number, all: number, size: number): RecipeWarning | null =>
  images === 0
    ? null
    : {
        what: 'upscaled',
        images,
        message: `${images} of ${all} images are smaller than the global crops of ${size} px, and are enlarged`
      }

/** A shape of 1000 pixels' height stands for its aspect. */
const shapeOf = (aspect: number) => ({ width: Math.max(1, Math.round(1000 * aspect)), height: 1000 })

/** A backbone that is begun from has the channels that it has. */
export const grayBecause = (hasInit: boolean): string =>
  hasInit ? ', as many channels as the init has' : ' (channels 3 keeps colour)'

export function warningsOf(report: DatasetReport, recipe: Recipe, hasInit: boolean): RecipeWarning[] {
  const { images, colour, aspectRatio } = report
  const { channels, crops } = recipe.hyperparameters
  const lost = `${colour} of ${images} images are in colour; the recipe makes them gray${grayBecause(hasInit)}`
  const seen = seenShare(shapeOf(aspectRatio.p50), recipe)
  const margins = `a finished model sees the middle of an image: ${(100 * seen).toFixed(0)} % of the area where the shape is that of most of these; training crops from all of it`
  const below = imagesBelow(report, crops.global.size)
  return [
    channels === 1 && colour > 0 ? ({ what: 'colour', images: colour, message: lost } as const) : null,
    seen < LEAST_SEEN ? ({ what: 'margins', images, message: margins } as const) : null,
    bitsWarning(report, recipe),
    upscaledWarning(below, images, crops.global.size)
  ].filter((warning) => warning !== null)
}
