/**
 * What the study trains, fixed before it ran (docs/study.md): images, conditions, seeds and which pairs are compared. Everything
 * but what a set and a condition name is the demo's preset, so that runs of one seed begin at the same weights and see the same
 * crops.
 */
import { type DeepPartial, PRESETS, type RecipeRequest } from '../../src/recipe/presets.ts'
import type { Hyperparameters, Method } from '../../src/recipe/schema.ts'

export interface Condition {
  readonly name: string
  readonly method: Method
  readonly hyperparameters?: DeepPartial<Hyperparameters>
  readonly seeds: readonly number[]
  /** Numbers of first dimensions that kNN is judged by besides. */
  readonly cuts?: readonly number[]
}

export interface Comparison {
  readonly question: string
  readonly of: string
  readonly with: string
}

/** Not 0, 1 and 2, on which the preset was found. */
const FIVE = [10, 11, 12, 13, 14]
const THREE = [10, 11, 12]

/** Of vit_nano's 96. */
export const CUTS = [48, 24, 12]

const EM = { rate: 0.02, pull: 1, kappa: 'gradient' } as const

/** In the order in which each seed takes them. The first four are the paper's; the first of all is the reference. */
export const CONDITIONS: readonly Condition[] = [
  { name: 'dino', method: 'dino', seeds: FIVE },
  { name: 'dino-vmf', method: 'dino-vmf', seeds: FIVE },
  { name: 'ibot', method: 'ibot', seeds: FIVE },
  { name: 'ibot-vmf', method: 'ibot-vmf', seeds: FIVE },
  { name: 'untrained', method: 'dino-vmf', hyperparameters: { epochs: 0 }, seeds: FIVE },
  free('logit'),
  free('probability'),
  free('sinkhorn'),
  vmf('logit'),
  vmf('sinkhorn'),
  { ...vmf('sinkhorn', { koleo: { features: 0, prototypes: 0.1 } }), name: 'vmf, sinkhorn, koleo' },
  { ...vmf('probability', { em: EM }), name: 'vmf, probability, em' },
  { ...vmf('sinkhorn', { em: EM }), name: 'vmf, sinkhorn, em' },
  {
    ...vmf('sinkhorn', { em: { ...EM, pull: 0.1 }, koleo: { features: 0, prototypes: 0.1 } }),
    name: 'vmf, sinkhorn, koleo, em and gradients'
  },
  { ...vmf('sinkhorn', { em: { ...EM, kappa: 'fitted' } }), name: 'vmf, sinkhorn, em with kappa' },
  // Later than the rest, and before any of their runs (docs/study.md).
  { ...vmf('probability', { gram: { weight: 2, anchor: 'teacher' } }), name: 'dino-vmf, gram' },
  { ...vmf('probability'), name: 'dino-vmf, cut', cuts: CUTS },
  { ...vmf('probability', { nested: [1 / 2, 1 / 4, 1 / 8] }), name: 'dino-vmf, nested', cuts: CUTS }
]

type CenteringName = Hyperparameters['centering']

/** Free norms without log C_p: what vMF adds is then log C_p alone. */
function free(centering: CenteringName): Condition {
  const hyperparameters = { centering, normalizeLastLayer: false }
  return { name: `no log C_p, ${centering}`, method: 'dino', hyperparameters, seeds: THREE }
}

function vmf(centering: CenteringName, more: DeepPartial<Hyperparameters> = {}): Condition {
  return { name: `vmf, ${centering}`, method: 'dino-vmf', hyperparameters: { centering, ...more }, seeds: THREE }
}

export const COMPARISONS: readonly Comparison[] = [
  { question: 'Is DINO-vMF better than DINO?', of: 'dino-vmf', with: 'dino' },
  { question: 'Is iBOT-vMF better than iBOT?', of: 'ibot-vmf', with: 'ibot' },
  { question: 'log C_p, with logit centering', of: 'vmf, logit', with: 'no log C_p, logit' },
  { question: 'log C_p, with probability centering', of: 'dino-vmf', with: 'no log C_p, probability' },
  { question: 'log C_p, with Sinkhorn', of: 'vmf, sinkhorn', with: 'no log C_p, sinkhorn' },
  { question: 'Sinkhorn instead of probability centering', of: 'vmf, sinkhorn', with: 'dino-vmf' },
  { question: 'KoLeo on prototypes, with Sinkhorn', of: 'vmf, sinkhorn, koleo', with: 'vmf, sinkhorn' },
  { question: 'EM, with probability centering', of: 'vmf, probability, em', with: 'dino-vmf' },
  { question: 'EM, with Sinkhorn', of: 'vmf, sinkhorn, em', with: 'vmf, sinkhorn' },
  {
    question: 'EM and gradients instead of EM',
    of: 'vmf, sinkhorn, koleo, em and gradients',
    with: 'vmf, sinkhorn, em'
  },
  { question: 'κ by EM too', of: 'vmf, sinkhorn, em with kappa', with: 'vmf, sinkhorn, em' },
  { question: 'Gram anchoring', of: 'dino-vmf, gram', with: 'dino-vmf' },
  { question: 'Nested dimensions, all of them', of: 'dino-vmf, nested', with: 'dino-vmf' },
  { question: 'Training at all', of: 'dino-vmf', with: 'untrained' }
]

const NAMED_BY_THE_PAPER = ['dino', 'dino-vmf', 'ibot', 'ibot-vmf', 'untrained']

/** What colour images of 32 px need, as the preset for them has it, but for the crops: two local ones, which is the demo's number. */
const { channels, crops, augmentation, normalization } = PRESETS['small-images'].hyperparameters
const COLOUR = { channels, augmentation, normalization, crops: { ...crops, local: { ...crops.local, count: 2 } } }

export type SetName = 'fashion-mnist' | 'cifar10'

export interface StudySet {
  readonly name: SetName
  readonly conditions: readonly Condition[]
  /** Of every run. */
  readonly common: Pick<RecipeRequest, 'patchSize' | 'hyperparameters'>
}

export const SETS: Readonly<Record<SetName, StudySet>> = {
  'fashion-mnist': { name: 'fashion-mnist', conditions: CONDITIONS, common: {} },
  cifar10: {
    name: 'cifar10',
    conditions: CONDITIONS.filter(({ name }) => NAMED_BY_THE_PAPER.includes(name)).map((condition) => {
      return { ...condition, seeds: THREE }
    }),
    common: { patchSize: 4, hyperparameters: COLOUR }
  }
}

export interface StudyRun {
  readonly condition: string
  readonly seed: number
  readonly cuts: readonly number[]
  readonly request: RecipeRequest
}

/** Seed by seed: a study that is cut short has all conditions of its seeds, but for the last. */
export function studyRuns({ conditions, common }: StudySet, epochs: number | undefined): StudyRun[] {
  const seeds = [...new Set(conditions.flatMap((condition) => condition.seeds))]
  const length = epochs === undefined ? {} : { epochs }
  return seeds.flatMap((seed) =>
    conditions
      .filter((condition) => condition.seeds.includes(seed))
      .map(({ name, method, hyperparameters, cuts = [] }) => ({
        condition: name,
        seed,
        cuts,
        request: {
          preset: 'demo',
          ...common,
          method,
          seed,
          hyperparameters: { ...common.hyperparameters, ...length, ...hyperparameters }
        }
      }))
  )
}
