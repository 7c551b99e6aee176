/** What preset auto is told of a run before anybody has taken it. */
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Compute } from '../../domain/run.ts'
import { type AutoDevice, type AutoImages, imagesOfReport, imagesOfSizes } from '../../recipe/auto/circumstances.ts'
import type { RecipeCircumstances } from '../../recipe/check.ts'
import { bandsOf } from '../../recipe/dataset-report.ts'
import { fixedPresetOf, type RecipeRequest, resolveRecipe } from '../../recipe/presets.ts'

/** A wrong value is the answer whether or not the dataset is there. @throws AppError invalid_recipe */
export function checkBeforeImages({ recipe }: { readonly recipe: RecipeRequest }): void {
  resolveRecipe(fixedPresetOf(recipe) === null ? { ...recipe, preset: 'demo' } : recipe)
}

/** Versions from before there were reports have their number of images and sizes rounded up to powers of two. */
export const imagesOf = ({ report, images, sizes }: DatasetVersion): AutoImages =>
  report === null ? imagesOfSizes(images, sizes) : imagesOfReport(report)

export const circumstancesOf = ({ images, report }: DatasetVersion): RecipeCircumstances => ({
  images,
  bands: report === null ? null : bandsOf(report)
})

/** Of a worker nothing is known here but that it trains; the least that it may have is two cores. */
const CORES = 2

/** Workers register with nobody: a run for any device may be taken by a CPU, and must come to an end there. */
export const deviceOf = ({ device, devices }: Pick<Compute, 'device' | 'devices'>): AutoDevice => ({
  kind: device === 'gpu' ? 'gpu' : 'cpu',
  devices,
  cores: CORES,
  memoryBytes: null,
  ...(device === 'any' && {
    note: 'Sized for a CPU, since any worker may take the run: ask for compute.device gpu to have it sized for a GPU.'
  })
})
