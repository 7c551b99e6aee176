/** What a recipe does not use of its images: nothing is wrong with that, but whoever trains should know. */
import type { ImageRecord } from '../images/dataset-folder.ts'
import type { DatasetReport } from '../recipe/dataset-report.ts'
import type { Recipe } from '../recipe/schema.ts'
import { bitsWarning, grayBecause, LEAST_SEEN, seenShare, upscaledWarning } from '../recipe/warnings.ts'

interface ThrownAway {
  readonly type: 'thrown_away'
  readonly what: 'colour' | 'margins' | 'bits'
  /** Images that lose it. */
  readonly images: number
  /** Share of their pixels or samples that is not used, on average. */
  readonly share: number
}

/** Images smaller than a crop: what is missing is made up. */
interface Upscaled {
  readonly type: 'upscaled'
  readonly images: number
  /** Side of a global crop. */
  readonly size: number
}

interface Told {
  readonly event: ThrownAway | Upscaled
  readonly text: string
}

export interface Circumstances {
  /** Of the images, where there is one: their records do not tell bits. */
  readonly report?: DatasetReport | undefined
  /** Whether the run begins from weights. */
  readonly hasInit?: boolean
}

export function thrownAway(
  records: readonly Pick<ImageRecord, 'width' | 'height' | 'channels'>[],
  recipe: Recipe,
  { report, hasInit = false }: Circumstances = {}
): Told[] {
  const found: Told[] = []
  const images = records.filter(({ channels }) => channels === 3).length
  if (recipe.hyperparameters.channels === 1 && images > 0) {
    const text = `${images} of ${records.length} images have three channels; the recipe makes them gray${grayBecause(hasInit)}`
    found.push({ event: { type: 'thrown_away', what: 'colour', images, share: 2 / 3 }, text })
  }
  const seen = records.reduce((sum, image) => sum + seenShare(image, recipe), 0) / records.length
  if (seen < LEAST_SEEN) {
    const percent = (100 * seen).toFixed(0)
    const text = `a finished model sees the middle of an image: ${percent} % of the area of these on average; training crops from all of it`
    found.push({ event: { type: 'thrown_away', what: 'margins', images: records.length, share: 1 - seen }, text })
  }
  const bits = report === undefined ? null : bitsWarning(report, recipe)
  // Of 16, the 8 that are left.
  if (bits !== null)
    found.push({ event: { type: 'thrown_away', what: 'bits', images: bits.images, share: 0.5 }, text: bits.message })
  const { size } = recipe.hyperparameters.crops.global
  const small = records.filter(({ width, height }) => Math.min(width, height) < size).length
  const upscaled = upscaledWarning(small, records.length, size)
  if (upscaled !== null) found.push({ event: { type: 'upscaled', images: small, size }, text: upscaled.message })
  return found
}
