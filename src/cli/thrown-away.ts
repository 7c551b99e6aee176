/** What a recipe does not use of its images: nothing is wrong with that, but whoever trains should know. */
import type { ImageRecord } from '../images/dataset-folder.ts'
import { centerCropBox } from '../math/crop-geometry.ts'
import { preprocessingOf } from '../recipe/preprocessing.ts'
import type { Recipe } from '../recipe/schema.ts'

interface ThrownAway {
  readonly type: 'thrown_away'
  readonly what: 'colour' | 'margins'
  /** Images that lose it. */
  readonly images: number
  /** Share of their pixels or samples that is not used, on average. */
  readonly share: number
}

/** Of a square, 256/224 leaves 77 %, which is how DINO is evaluated; below this the shape of the images is the cause. */
const LEAST_SEEN = 0.7

export function thrownAway(
  records: readonly Pick<ImageRecord, 'width' | 'height' | 'channels'>[],
  recipe: Recipe
): { readonly event: ThrownAway; readonly text: string }[] {
  const found: { event: ThrownAway; text: string }[] = []
  const images = records.filter(({ channels }) => channels === 3).length
  if (recipe.hyperparameters.channels === 1 && images > 0) {
    const text = `${images} of ${records.length} images have three channels; the recipe makes them gray ("channels": 3 keeps colour)`
    found.push({ event: { type: 'thrown_away', what: 'colour', images, share: 2 / 3 }, text })
  }
  const seen = records.reduce((sum, image) => sum + seenShare(image, recipe), 0) / records.length
  if (seen < LEAST_SEEN) {
    const percent = (100 * seen).toFixed(0)
    const text = `a finished model sees the middle of an image: ${percent} % of the area of these on average; training crops from all of it`
    found.push({ event: { type: 'thrown_away', what: 'margins', images: records.length, share: 1 - seen }, text })
  }
  return found
}

function seenShare(image: Pick<ImageRecord, 'width' | 'height'>, recipe: Recipe): number {
  const box = centerCropBox(image, preprocessingOf(recipe))
  return (box.width * box.height) / (image.width * image.height)
}
