/** Requests with every field of runs, sweeps and forks. */
import { FIXED_FIELDS } from '../../../src/recipe/forks.ts'
import type { TestApp } from '../../helpers/app.ts'
import { type FieldForm, fixed } from './field-form.ts'
import { fullRecipe, OTHER_VALUES, runForms, trainedEvaluation, wishes } from './field-recipes.ts'
import type { FieldWorld } from './field-world.ts'

export function ofRuns(world: FieldWorld) {
  const { dataset, queries, model, otherModel, checkpoint, foreignCheckpoint } = world
  const named = {
    '/dataset': `${queries}@1`,
    '/evaluation/dataset': queries,
    '/evaluation/queries': dataset,
    '/init/model': otherModel,
    '/init/checkpoint': foreignCheckpoint
  }
  return { bodies: runForms({ dataset, queries, model, checkpoint }), others: { ...OTHER_VALUES, ...named } }
}

const below = (prefix: string, values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(values).map(([at, value]) => [`${prefix}${at}`, value]))

/** Each has something that is varied, so that everything else can be tried. */
export function sweepForms(world: FieldWorld): FieldForm[] {
  const { bodies, others } = ofRuns(world)
  const shared = { others: { ...below('/run', others), '/grid/seed/0': 5, '/objective/metric': 'grad_norm' } }
  const run = { dataset: world.dataset, preset: 'demo', seed: 1 }
  const random = (field: object) => ({
    run: { dataset: world.dataset, preset: 'demo' },
    random: { seed: field },
    trials: 3
  })
  return [
    ...bodies.map((body) => {
      const { seed: _, ...rest } = body as { seed?: number }
      return fixed({ run: rest, grid: { seed: [0] } }, shared)
    }),
    fixed({ run, grid: { 'hyperparameters.epochs': [3] } }, shared),
    fixed(
      {
        name: 'a',
        objective: { metric: 'loss', direction: 'minimize' },
        metadata: { team: 'x' },
        ...random({ min: 1, max: 1000, scale: 'linear' }),
        seed: 1
      },
      { ...shared, others: { ...shared.others, '/random/seed/min': 500, '/random/seed/max': 5000 } }
    ),
    fixed(random({ values: [1, 2] }), { ...shared, others: { '/random/seed/values/0': 5 } })
  ]
}

/** The answer says again what was asked; what came of it are the runs. */
export const withRuns = (api: TestApp, forms: readonly FieldForm[]): FieldForm[] =>
  forms.map((form) => ({
    ...form,
    look: async (id) => (await api.call('GET', `/v1/runs?sweep=${id}`)).text
  }))

/** Fixed fields are refused, which is what they are for in a fork. */
export function forkForms(world: FieldWorld, verb: string): FieldForm[] {
  const { preset: _, ...recipe } = { ...fullRecipe(), preset: '' }
  const others = below('/overrides', ofRuns(world).others)
  const refused = Object.fromEntries(
    ['preset', 'gram.anchor', ...Object.keys(FIXED_FIELDS)].map((field) => {
      const isTop = ['preset', 'method', 'arch', 'patch_size'].includes(field)
      const at = `/overrides${isTop ? '' : '/hyperparameters'}/${field.replaceAll('.', '/')}`
      return [at, { status: 422, names: `"${at}"` }]
    })
  )
  const more = { others: { ...others, '/checkpoint': world.otherCheckpoint }, refused }
  // Parts of a batch are not taken beside KoLeo on features, which the parent has.
  const parts = { normalize_last_layer: false, koleo: { features: 0, prototypes: 0.1 }, accumulation_steps: 2 }
  return [
    fixed({ overrides: { preset: 'demo', ...recipe } }, more),
    fixed(
      { checkpoint: world.checkpoint, name: 'a', overrides: { seed: 1, ...wishes(world), hyperparameters: parts } },
      more
    ),
    fixed({ prototypes: { merge: [[3, 17]], split: [9], drop: [5] } }, more),
    fixed({ overrides: trainedEvaluation(world) }, more)
  ].map((form) => ({ ...form, path: `/v1/runs/${world.parent}${verb}` }))
}
