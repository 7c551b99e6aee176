/**
 * What a run begins from instead of random weights: an exported or imported model, a checkpoint, or weights of others. Says
 * what that means for the recipe: the network is that of the init, the pixels are scaled as it was trained with, and the
 * schedule is one for going on (continued.ts).
 */
import { AppError, type FieldError } from '../base/errors.ts'
import type { ChosenRecipe } from './auto.ts'
import { type Continued, continued } from './continued.ts'
import { type RecipeDifference, recipeDifferences } from './differences.ts'
import type { InitHead, InitRecord } from './init-record.ts'
import type { Network } from './network.ts'
import type { RecipeRequest } from './presets.ts'
import { ARCHS, type Arch, type FEED_FORWARDS, type Hyperparameters, type Recipe } from './schema.ts'
import { archOf } from './variants.ts'

/** What is known of an init before its tensors are read. */
export interface InitSubject extends Pick<InitRecord, 'source' | 'from' | 'sha256'> {
  readonly network: Network
  readonly hasHead: boolean
  /** Of the pixels that it was trained with; null where nobody says. */
  readonly normalization: Hyperparameters['normalization'] | null
}

export interface InitChoice {
  readonly subject: InitSubject
  /** Taken if it fits and seeded otherwise, unless it is given. */
  readonly head?: InitHead | undefined
}

/** From a request to a recipe: a preset's, or what auto chooses. */
export type Choose = (request: RecipeRequest) => ChosenRecipe

export interface ResolvedInit extends ChosenRecipe {
  readonly init: InitRecord
  /** Fields that are not the preset's because of the init, as JSON pointers into the recipe (camelCase). */
  readonly changes: readonly RecipeDifference[]
}

/**
 * What the request means when it begins from an init: what it says of itself, then the init's network and the schedule
 * for going on, then the preset.
 * @throws AppError invalid_recipe with JSON pointers into the request (camelCase), naming both networks where they differ
 */
export function resolveInit(request: RecipeRequest, { subject, head: wish }: InitChoice, choose: Choose): ResolvedInit {
  const arch = archOfInit(subject)
  const errors = networkErrors(request, subject, arch)
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors })
  const { patchSize } = subject.network
  const plain = {
    ...request,
    arch,
    patchSize,
    hyperparameters: { ...request.hyperparameters, ...pixelsOf(request, subject), ...blocksOf(subject) }
  }
  const base = choose(plain).recipe
  const sizes = headSizes(plain, base, { subject, head: wish })
  const head = headOf({ ...base.hyperparameters, ...sizes }, { subject, head: wish })
  const asked = withDefaults(plain, { ...sizes, ...continued(base.hyperparameters, head) })
  const { recipe, reasons } = choose(asked)
  const { imageSize, positions } = subject.network
  const isAsStored = positions === 'rotary' || imageSize === recipe.hyperparameters.crops.global.size
  const resampledFrom = isAsStored ? null : imageSize
  const { source, from, sha256 } = subject
  return {
    recipe,
    reasons,
    init: { source, from, sha256, head, resampledFrom },
    changes: recipeDifferences(base, recipe)
  }
}

/** The request's own values win, where it has any. */
function withDefaults(request: RecipeRequest, defaults: Partial<HeadSizes & Continued>): RecipeRequest {
  const own = Object.fromEntries(
    Object.entries(request.hyperparameters ?? {}).filter(([, value]) => value !== undefined)
  )
  const ibot = defaults.ibot && { ibot: { ...defaults.ibot, ...request.hyperparameters?.ibot } }
  return { ...request, hyperparameters: { ...defaults, ...own, ...ibot } }
}

const describe = ({ dim, depth, heads, mlpRatio }: Network): string =>
  `width ${dim}, ${depth} blocks, ${heads} heads and an MLP ratio of ${mlpRatio}`

function archOfInit({ network }: InitSubject): Arch {
  const found = ARCHS.find((arch) => arch === archOf(network))
  if (found !== undefined) return found
  const message = `is a network of ${describe(network)}, and runs train ${ARCHS.join(', ')}`
  throw new AppError('invalid_recipe', { errors: [{ path: '/init', message }] })
}

function networkErrors(
  { arch, patchSize, hyperparameters }: RecipeRequest,
  subject: InitSubject,
  own: Arch
): FieldError[] {
  const { network } = subject
  const errors: FieldError[] = []
  const compare = (path: string, asked: unknown, has: unknown) => {
    if (asked !== undefined && asked !== has) errors.push({ path, message: `is ${asked}, and the init has ${has}` })
  }
  compare('/arch', arch, own)
  compare('/patchSize', patchSize, network.patchSize)
  compare('/hyperparameters/channels', hyperparameters?.channels, network.channels)
  compare('/hyperparameters/positions', hyperparameters?.positions, network.positions ?? 'learned')
  compare('/hyperparameters/feedForward', hyperparameters?.feedForward, feedForwardOf(network))
  compare('/hyperparameters/registers', hyperparameters?.registers, network.registers ?? 0)
  return errors
}

/** A backbone goes on with as many channels as it has, scaled as they were. */
function pixelsOf({ hyperparameters: h }: RecipeRequest, { network, normalization }: InitSubject) {
  return {
    channels: network.channels,
    ...(normalization === null ? {} : { normalization: { ...normalization, ...h?.normalization } })
  }
}

const feedForwardOf = ({ gatedDim }: Network): (typeof FEED_FORWARDS)[number] =>
  gatedDim === undefined ? 'gelu' : 'swiglu'

/** What its blocks are made of and go through, where that is not DINO's. */
const blocksOf = ({ network }: InitSubject) => ({
  ...(network.positions === undefined ? {} : { positions: network.positions }),
  ...(network.gatedDim === undefined ? {} : { feedForward: feedForwardOf(network) }),
  ...(network.registers ? { registers: network.registers } : {})
})

type HeadSizes = Pick<Hyperparameters, 'headHiddenDim' | 'bottleneckDim' | 'prototypes'>
const HEAD_SIZES = ['headHiddenDim', 'bottleneckDim', 'prototypes'] as const

/** The init's, where its head may be taken; the request wins. */
function headSizes({ hyperparameters: h }: RecipeRequest, base: Recipe, { subject, head }: InitChoice): HeadSizes {
  const own = subject.hasHead && (head === undefined || head === 'taken') ? subject.network : base.hyperparameters
  return Object.fromEntries(HEAD_SIZES.map((name) => [name, h?.[name] ?? own[name]])) as unknown as HeadSizes // by name
}

function headOf(sizes: HeadSizes, { subject, head }: InitChoice): InitHead {
  const { hasHead, network } = subject
  const misfit = HEAD_SIZES.find((name) => network[name] !== sizes[name])
  if (head === undefined) return hasHead && misfit === undefined ? 'taken' : 'seeded'
  if (head !== 'taken' || (hasHead && misfit === undefined)) return head
  const reason = hasHead
    ? `cannot be taken: its ${misfit} is ${network[misfit!]}, and the run's ${sizes[misfit!]}`
    : 'cannot be taken: the init has none'
  throw new AppError('invalid_recipe', { errors: [{ path: '/init/head', message: reason }] })
}
