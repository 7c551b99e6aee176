/**
 * The preset `auto`: a recipe for images that nobody has trained on before, from what is known of them and of the device.
 * Every value is that of a preset whose record stands behind it, or is put between two of them; docs/presets.md has all rules and
 * what they were tried on. Pure: equal circumstances give equal recipes.
 */
import { AppError } from '../base/errors.ts'
import { type AutoDevice, type AutoImages, coreClass } from './auto/circumstances.ts'
import { fitMemory } from './auto/fit-memory.ts'
import { aboutSoLong, chooseEpochs, chooseSchedules, cpuFlops } from './auto/lengths.ts'
import { areCutOut, chooseBits, chooseChannels, chooseLooks } from './auto/looks.ts'
import { chooseArch, chooseBatch, choosePrototypes } from './auto/network.ts'
import { count, counted, isSmall, type Situation, type SmallArch } from './auto/situation.ts'
import { METHOD_PARTS } from './methods.ts'
import { recipeNumbers } from './numbers.ts'
import { demo } from './presets/demo.ts'
import { vitBase16, vitSmall16 } from './presets/imagenet.ts'
import { photographs } from './presets/photographs.ts'
import { methodDefaults, type Preset, publishedIbot } from './presets/preset.ts'
import { smallImages } from './presets/small-images.ts'
import { mergeFields, type RecipeRequest, resolveRecipe, schemaErrors } from './presets.ts'
import type { Arch, Hyperparameters, Ibot, Recipe } from './schema.ts'

export interface ChosenRecipe {
  readonly recipe: Recipe
  /** A sentence for each choice, with its cause; none of presets that choose nothing. */
  readonly reasons: readonly string[]
}

/** Whose optimizer, head and initialization a network learns with that is not small. */
const LEARNS_LIKE: Readonly<Record<Exclude<Arch, SmallArch>, Preset>> = {
  vit_tiny: smallImages,
  vit_small: vitSmall16,
  vit_base: vitBase16,
  vit_large: vitBase16
}

/** Fewer teach a network little that is not about these very images. */
const FEW_IMAGES = 100

/** @throws AppError `invalid_recipe` for a value outside the schema; what cannot work together is checkRecipe's business */
export function autoRecipe(images: AutoImages, device: AutoDevice, request: RecipeRequest): ChosenRecipe {
  // Nothing can be chosen around values of another kind: they are refused as they are of any preset.
  const { method, seed } = resolveRecipe({ ...request, preset: 'demo' })
  const reasons: string[] = []
  const wishes = request.hyperparameters ?? {}
  const situation: Situation = { images, device, request, wishes, say: (sentence) => void reasons.push(sentence) }
  tellCircumstances(situation, method)
  const arch = chooseArch(situation)
  const like = isSmall(arch) ? shortOf(situation) : LEARNS_LIKE[arch]
  const channels = chooseChannels(situation)
  const { patchSize, ...looks } = chooseLooks(situation, { arch, channels })
  const pixels = { channels, ...chooseBits(situation) }
  const sizes = { ...pixels, prototypes: choosePrototypes(situation, arch), batchSize: chooseBatch(situation, arch) }
  const named = { preset: 'auto', method, arch, patchSize, seed }
  const ofMethod = methodDefaults({ ...like, ibot: { ibot: publishedIbot([1, 1, 0]) } }, method)
  const short = withWishes(named, { ...like.hyperparameters, ...ofMethod, ...looks, ...sizes }, wishes)
  const lasting = withWishes(named, { ...short.hyperparameters, ...lengthsFor(situation, short, like) }, wishes)
  const recipe = fitMemory(situation, lasting)
  const errors = schemaErrors(recipe)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  tellDuration(situation, recipe)
  return { recipe: structuredClone(recipe), reasons }
}

const shortOf = (situation: Situation): Preset => (areCutOut(situation) ? demo : photographs)

const withWishes = (named: Omit<Recipe, 'hyperparameters'>, chosen: object, wishes: Situation['wishes']): Recipe => ({
  ...named,
  hyperparameters: mergeFields(chosen, wishes) as Hyperparameters
}) // the schema is checked at the end

function tellCircumstances({ images: { images }, device, request, say }: Situation, method: Recipe['method']): void {
  if (device.note !== undefined) say(device.note)
  if (images < FEW_IMAGES)
    say(`${counted(images, 'image')}: too few to learn much from; ${FEW_IMAGES} and more are meant.`)
  if (request.method === undefined)
    say(
      `Method ${method}: DINO whose prototypes have a kappa of their own; of Fashion-MNIST it used ten times as many of them as DINO.`
    )
}

/** Epochs, and all that is counted in them or depends on how many there are. */
function lengthsFor(situation: Situation, recipe: Recipe, like: Preset): Partial<Hyperparameters> {
  const { images, wishes } = situation
  const { batchSize, learningRateScaling } = recipe.hyperparameters
  const { flopsPerImage, stepsPerEpoch } = recipeNumbers(recipe, images.images)
  const epochs = chooseEpochs(situation, batchSize, flopsPerImage)
  const schedules = chooseSchedules(situation, { epochs, stepsPerEpoch }, { like, short: shortOf(situation) })
  const peak =
    (wishes.learningRate ?? schedules.learningRate) * (learningRateScaling === 'linear' ? batchSize / 256 : 1)
  const temperature = wishes.teacherTemperature ?? schedules.teacherTemperature
  return {
    epochs,
    ...schedules,
    minLearningRate: Math.min(like.hyperparameters.minLearningRate, peak),
    ...(METHOD_PARTS[recipe.method].masked && { ibot: ibotFor(situation, epochs, temperature) })
  }
}

/** As published, with what must fit to the masks that were asked for. */
function ibotFor({ wishes }: Situation, epochs: number, [start, end, warm]: Ibot['patchTeacherTemperature']): Ibot {
  const { startEpoch = 0, ratio } = wishes.ibot?.masks ?? {}
  const published = publishedIbot([start, end, Math.max(0, Math.min(warm, epochs - startEpoch))])
  const { masks } = published
  const share = ratio ?? masks.ratio
  return { ...published, masks: { ...masks, ratioVariance: Math.min(masks.ratioVariance, share, 1 - share) } }
}

function tellDuration({ images: { images }, device, say }: Situation, recipe: Recipe): void {
  const { totalFlops, totalSteps } = recipeNumbers(recipe, images)
  if (totalSteps === 0) return
  if (device.kind === 'gpu') {
    say(`${count(totalSteps)} steps; how long a GPU takes for them is told by the first of them.`)
    return
  }
  const cores = coreClass(device.cores)
  const time = aboutSoLong(totalFlops / cpuFlops(cores))
  say(`${count(totalSteps)} steps take about ${time} on ${counted(cores, 'core')}, half of it or twice as much.`)
}
