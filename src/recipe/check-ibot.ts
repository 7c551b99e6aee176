/** What masked patch prediction cannot be told to do. */
import { largestMask } from '../math/masks.ts'
import { METHOD_PARTS, strayIbot } from './methods.ts'
import type { Ibot, Recipe } from './schema.ts'

/** `field` is a pointer below /hyperparameters. */
export type Report = (field: string, message: string) => void

/** A block must be smaller than the crop in both directions. */
const SMALLEST_GRID = 2

function checkMasks({ masks }: Ibot, { patchSize, hyperparameters: { crops, epochs } }: Recipe, report: Report): void {
  const { ratio, ratioVariance, startEpoch } = masks
  const side = Math.floor(crops.global.size / patchSize)
  if (ratioVariance > ratio) report('ibot/masks/ratioVariance', `must not be above the ratio ${ratio}`)
  if (ratio + ratioVariance > 1)
    report('ibot/masks/ratio', `must leave patches to see, got up to ${ratio + ratioVariance}`)
  else if (masks.shape === 'block' && side < SMALLEST_GRID) {
    report('ibot/masks/shape', `block needs ${SMALLEST_GRID} × ${SMALLEST_GRID} patches in a global crop`)
  } else if (largestMask(masks, side) === 0) {
    report('ibot/masks/ratio', `hides none of the ${side * side} patches of a global crop`)
  }
  if (epochs > 0 && startEpoch >= epochs) {
    report('ibot/masks/startEpoch', `must be before the end of the run's ${epochs} epochs, got ${startEpoch}`)
  }
}

export function checkIbot(recipe: Recipe, report: Report): void {
  const { method, hyperparameters: h } = recipe
  const { masked } = METHOD_PARTS[method]
  if (!masked && h.ibot) report('ibot', strayIbot(method))
  if (masked && !h.ibot) report('ibot', `is needed by ${method}`)
  if (!masked || !h.ibot) return
  const { masks, patchTeacherTemperature, clsLossWeight, patchLossWeight } = h.ibot
  checkMasks(h.ibot, recipe, report)
  const warm = masks.startEpoch + patchTeacherTemperature[2]
  if (h.epochs > 0 && masks.startEpoch < h.epochs && warm > h.epochs) {
    const message = `must end within the run's ${h.epochs} epochs, and ends after ${warm} (masks/startEpoch included)`
    report('ibot/patchTeacherTemperature/2', message)
  }
  if (clsLossWeight + patchLossWeight === 0) report('ibot/clsLossWeight', 'or patchLossWeight must be above 0')
}
