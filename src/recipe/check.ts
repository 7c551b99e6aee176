/** What a recipe cannot be told to do although each of its fields is fine by itself. Nothing is queued before this passes. */
import type { FieldError } from '../base/errors.ts'
import { isBands } from './bands.ts'
import { checkIbot, type Report } from './check-ibot.ts'
import { METHOD_PARTS } from './methods.ts'
import { nestedDimensions } from './network.ts'
import { schemaErrors } from './presets.ts'
import type { Recipe } from './schema.ts'
import { VARIANTS } from './variants.ts'

export interface RecipeCircumstances {
  /** Images of the dataset; left out when it is not known yet. */
  readonly images?: number | undefined
  /** Whether the run begins from weights; left out when it is not known yet. */
  readonly hasInit?: boolean | undefined
  /** Bands of its images, null where they are gray or colour; left out when it is not known yet. */
  readonly bands?: number | null | undefined
}

/** From here on three terms of the expansion of log C_p hold to 1e-5; below, the graph's logits would be wrong. */
const SMALLEST_VMF_DIMENSION = 16
/** At twice the student's temperature an epoch collapses to uniform assignments; beyond four it is surely a slip. */
const LARGEST_TEMPERATURE_RATIO = 4

function checkCrops({ patchSize, hyperparameters: { crops } }: Recipe, report: Report): void {
  const { global, local } = crops
  for (const [name, spec] of [['global', global] as const, ['local', local] as const]) {
    if (spec.count > 0 && spec.size % patchSize !== 0) {
      report(`crops/${name}/size`, `must be a multiple of the patch size ${patchSize}, got ${spec.size}`)
    }
    if (spec.scale[0] > spec.scale[1]) report(`crops/${name}/scale`, 'must not begin above its end')
  }
  if (crops.aspectRatio[0] > crops.aspectRatio[1]) report('crops/aspectRatio', 'must not begin above its end')
  if (global.count === 0) report('crops/global/count', 'must be at least 1: the teacher sees global crops only')
  else if (global.count + local.count < 2) {
    report('crops/global/count', 'leaves no pair of different crops; use 2, or local crops')
  }
}

function checkLengths({ hyperparameters: h }: Recipe, report: Report): void {
  if (h.epochs === 0) return
  const fitsIn = (field: string, epochs: number) => {
    if (epochs > h.epochs) report(field, `must not be longer than the run's ${h.epochs} epochs, got ${epochs}`)
  }
  fitsIn('warmupEpochs', h.warmupEpochs)
  fitsIn('freezeLastLayerEpochs', h.freezeLastLayerEpochs)
  fitsIn('teacherTemperature/2', h.teacherTemperature[2])
}

function checkTemperatures({ hyperparameters: h }: Recipe, report: Report): void {
  const hottest = LARGEST_TEMPERATURE_RATIO * h.studentTemperature
  const limit = Number(hottest.toPrecision(4))
  const check = (field: string, temperatures: readonly number[]) => {
    for (const i of [0, 1]) {
      if (temperatures[i]! <= hottest) continue
      report(`${field}/${i}`, `must be at most ${limit}, ${LARGEST_TEMPERATURE_RATIO} times the student's`)
    }
  }
  check('teacherTemperature', h.teacherTemperature)
  if (h.ibot) check('ibot/patchTeacherTemperature', h.ibot.patchTeacherTemperature)
}

function checkOptimizer({ hyperparameters: h }: Recipe, report: Report): void {
  const peak = h.learningRate * (h.learningRateScaling === 'linear' ? h.batchSize / 256 : 1)
  if (h.minLearningRate > peak) {
    report('minLearningRate', `must not be above the peak learning rate of ${Number(peak.toPrecision(4))}`)
  }
}

function checkTerms({ arch, hyperparameters: h }: Recipe, report: Report): void {
  if (h.koleo && h.koleo.features > 0 && h.batchSize < 2) {
    report('koleo/features', 'needs a batch of at least 2: the nearest other image is in it')
  }
  const { dim } = VARIANTS[arch]
  h.nested?.forEach((share, i) => {
    if (nestedDimensions(share, dim) < 1) report(`nested/${i}`, `leaves none of the ${dim} dimensions of ${arch}`)
  })
  if (h.em?.kappa === 'fitted' && h.normalizeLastLayer) {
    report('em/kappa', 'must be gradient with normalize_last_layer, which fixes every norm at 1')
  }
}

/** What needs the whole batch at once would silently be another method on its parts. */
function checkAccumulation({ hyperparameters: h }: Recipe, report: Report): void {
  const { batchSize, centering, koleo, accumulationSteps: parts = 1 } = h
  if (parts === 1) return
  if (batchSize % parts !== 0) report('accumulationSteps', `must divide the batch of ${batchSize} images, got ${parts}`)
  if (centering === 'sinkhorn') {
    report('accumulationSteps', 'must be 1 with sinkhorn, which spreads the whole batch over the prototypes')
  }
  if (koleo && koleo.features > 0) {
    report('accumulationSteps', 'must be 1 with KoLeo on features, which looks for neighbors in the whole batch')
  }
}

function checkImages({ hyperparameters: h }: Recipe, report: Report): void {
  for (const name of ['mean', 'std'] as const) {
    const length = h.normalization[name].length
    if (length !== h.channels)
      report(`normalization/${name}`, `must have ${h.channels} values (channels), got ${length}`)
  }
  const { sigma } = h.augmentation.blur
  if (sigma[0] > sigma[1]) report('augmentation/blur/sigma', 'must not begin above its end')
}

/** Colours are those of light: what jitter, gray and solarization would be of other measurements nobody has said. */
function checkBands({ hyperparameters: { channels, augmentation } }: Recipe, report: Report): void {
  if (!isBands(channels)) return
  const { jitter, grayscale, solarize } = augmentation
  const why = `must be 0 with ${channels} channels: colours are changed of gray and colour images alone`
  const { probability, ...strengths } = jitter
  const isJittering = probability > 0 && Object.values(strengths).some((strength) => strength > 0)
  if (isJittering) report('augmentation/jitter/probability', why)
  if (grayscale > 0) report('augmentation/grayscale', why)
  if (solarize > 0) report('augmentation/solarize', why)
}

/** Bands are not made of colours, nor colours of bands. */
function checkBandsOf({ hyperparameters: { channels } }: Recipe, bands: number | null, report: Report): void {
  if (bands === channels || (bands === null && !isBands(channels))) return
  const message =
    bands === null
      ? `must be 1 or 3, got ${channels}: the dataset's images are gray or colour; a version with channels ${channels} has so many bands`
      : `must be ${bands}, got ${channels}: the dataset's images have ${bands} bands`
  report('channels', message)
}

function checkMethod({ method, hyperparameters: h }: Recipe, report: Report): void {
  if (!METHOD_PARTS[method].vmf) return
  if (h.normalizeLastLayer) {
    report('normalizeLastLayer', `must be false with ${method}: equal norms are equal kappas, and log C_p cancels`)
  }
  if (h.bottleneckDim < SMALLEST_VMF_DIMENSION) {
    report('bottleneckDim', `must be at least ${SMALLEST_VMF_DIMENSION} with ${method}, got ${h.bottleneckDim}`)
  }
}

/** What keeps a recipe that is fine by itself from being shared by so many devices; paths as in the body of a run. */
export function devicesProblems({ hyperparameters: h }: Recipe, devices: number): FieldError[] {
  if (devices === 1) return []
  const { batchSize, koleo, accumulationSteps: parts = 1 } = h
  const problems: string[] = []
  if (batchSize % (parts * devices) !== 0) {
    const of =
      parts === 1 ? `the batch of ${batchSize} images` : `each of ${parts} parts of the batch of ${batchSize} images`
    problems.push(`must divide ${of}, got ${devices}`)
  }
  if (koleo && koleo.features > 0) {
    problems.push('must be 1 with KoLeo on features, which looks for neighbors in the whole batch')
  }
  return problems.map((message) => ({ path: '/compute/devices', message }))
}

/** Every problem at once, as JSON pointers into the recipe (camelCase); none means the recipe can be trained. */
export function checkRecipe(recipe: Recipe, { images, hasInit, bands }: RecipeCircumstances = {}): FieldError[] {
  const broken = schemaErrors(recipe)
  if (broken.length > 0) return broken
  const errors: FieldError[] = []
  const report: Report = (field, message) => errors.push({ path: `/hyperparameters/${field}`, message })
  checkCrops(recipe, report)
  checkLengths(recipe, report)
  checkTemperatures(recipe, report)
  checkOptimizer(recipe, report)
  checkTerms(recipe, report)
  checkAccumulation(recipe, report)
  checkImages(recipe, report)
  checkBands(recipe, report)
  if (bands !== undefined) checkBandsOf(recipe, bands, report)
  checkMethod(recipe, report)
  checkIbot(recipe, report)
  const { batchSize, gram } = recipe.hyperparameters
  if (gram?.anchor === 'start' && hasInit === false) {
    report('gram/anchor', 'must be teacher without an init: the start is a random network then')
  }
  if (images !== undefined && batchSize > images) {
    report('batchSize', `must not be larger than the dataset's ${images} images, got ${batchSize}`)
  }
  return errors
}
