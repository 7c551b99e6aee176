/** A batch in parts takes the step of the whole batch: losses, gradients, centers, weights, with everything that is drawn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Hyperparameters, Method, Recipe } from '../../../src/recipe/schema.ts'
import type { GivenStep } from '../../../src/training/step/feeds.ts'
import { drawMasks } from '../../../src/training/step/patch-masks.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { whyNoXla } from '../../helpers/pjrt.ts'
import { keepingMatrices, type TakenStep, takeSteps } from '../../helpers/steps.ts'
import { compileQuickly, xlaIn } from '../../helpers/xla.ts'

compileQuickly()

const engine = createEngine({ threads: 2 })
const BATCH = 8
const LEARNING_RATE = 1e-3

// Four times the largest differences seen, in 2 and in 8 parts: metrics 1.2e-6 of max(1, value), centers (around 4, an ulp)
// 4.8e-7, first moments 1.8e-8, which are a tenth of the clipped gradients. All of it is sums in another order.
const TOLERANCE = { metric: 5e-6, center: 2e-6, moment: 8e-8 }

function recipeWith(changes: Partial<Hyperparameters>, method: Method): Recipe {
  const recipe = resolveRecipe({ preset: 'mu', method })
  const drawn = { batchSize: BATCH, dropPath: 0.3, clipGrad: 0.1 }
  return { ...recipe, hyperparameters: { ...recipe.hyperparameters, ...drawn, ...changes } }
}

function given(recipe: Recipe, step: number): GivenStep {
  const { crops, channels } = recipe.hyperparameters
  const random = prng(7, step)
  const bytes = ({ count, size }: { count: number; size: number }) =>
    Uint8Array.from({ length: count * BATCH * size * size * channels }, () => random.integer(256))
  const images = Array.from({ length: BATCH }, (_, i) => 10 * step + i)
  return {
    globalCrops: bytes(crops.global),
    localCrops: bytes(crops.local),
    masks: drawMasks(recipe, 0, images),
    step,
    learningRate: LEARNING_RATE,
    weightDecay: 0.1,
    teacherMomentum: 0.9,
    teacherTemperature: 0.04,
    patchTeacherTemperature: 0.05,
    freezeLastLayer: step === 0,
    adamStep: step + 1,
    adamLastLayerStep: step,
    em: { rate: 1 / (step + 1), pull: step === 0 ? 0 : 0.5 }
  }
}

async function twoSteps(recipe: Recipe, accumulationSteps?: number, on = engine): Promise<TakenStep[]> {
  const parts = accumulationSteps === undefined ? {} : { accumulationSteps }
  const asked = { ...recipe, hyperparameters: { ...recipe.hyperparameters, ...parts } }
  return takeSteps(on, asked, [given(recipe, 0), given(recipe, 1)])
}

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

function assertSameSteps(actual: readonly TakenStep[], expected: readonly TakenStep[]): void {
  expected.forEach(({ metrics }, step) => {
    for (const [name, value] of Object.entries(metrics)) {
      const difference = Math.abs(actual[step]!.metrics[name]! - value)
      assert.ok(difference <= TOLERANCE.metric * Math.max(1, Math.abs(value)), `${name} of step ${step}: ${difference}`)
    }
  })
  const [wanted, reached] = [expected, actual].map((steps) => steps.at(-1)!.state)
  assert.deepEqual(Object.keys(reached!), Object.keys(wanted!))
  for (const [name, values] of Object.entries(wanted!)) {
    const difference = furthest(reached![name]!, values)
    if (name.startsWith('center.')) assert.ok(difference <= TOLERANCE.center, `${name}: ${difference}`)
    else if (name.startsWith('adam.')) assert.ok(difference <= TOLERANCE.moment, `${name}: ${difference}`)
    else {
      // Adam moves by lr · m / √v: where a gradient is 0 but for rounding, its sign is rounding's to choose.
      const apart = values.filter((value, i) => Math.abs(value - reached![name]![i]!) > 1e-5).length
      assert.ok(difference <= 4 * LEARNING_RATE, `${name}: ${difference}`)
      assert.ok(apart <= values.length * 0.01 || name.endsWith('qkv.bias'), `${name}: ${apart} of ${values.length}`)
    }
  }
}

const CASES: readonly (readonly [string, Method, Partial<Hyperparameters>])[] = [
  ['dino', 'dino', {}],
  ['dino-vmf', 'dino-vmf', {}],
  ['dino-vmf with averaged probabilities', 'dino-vmf', { centering: 'probability-ema' }],
  ['dino-vmf with expectation-maximization', 'dino-vmf', { em: { rate: 0.5, pull: 0.5, kappa: 'gradient' } }],
  ['ibot-vmf', 'ibot-vmf', {}],
  [
    'ibot-vmf with KoLeo on prototypes, nested, anchored',
    'ibot-vmf',
    { koleo: { features: 0, prototypes: 0.1 }, nested: [0.5, 0.25], gram: { weight: 2, anchor: 'start' } }
  ]
]

for (const [label, method, changes] of CASES) {
  test(`two ${label} steps in 2, 4 and 8 parts are those of the whole batch`, async () => {
    const recipe = recipeWith(changes, method)
    const whole = await twoSteps(recipe)
    for (const parts of [2, 4, 8]) {
      const inParts = await twoSteps(recipe, parts)
      assertSameSteps(inParts, whole)
      // The teacher's class tokens come back in the order of the whole batch.
      assert.ok(furthest(inParts[0]!.views.features, whole[0]!.views.features) <= 1e-5)
    }
  })
}

test('two steps in parts are those of the whole batch on xla, and one without finite metrics moves nothing', {
  skip: whyNoXla
}, async () => {
  const xla = await xlaIn('float32')
  const recipe = recipeWith({ koleo: { features: 0, prototypes: 0.1 } }, 'ibot-vmf')
  const whole = await twoSteps(recipe, 1, xla)
  for (const parts of [2, 8]) assertSameSteps(await twoSteps(recipe, parts, xla), whole)
  const inParts = { ...recipe, hyperparameters: { ...recipe.hyperparameters, accumulationSteps: 2 } }
  const [broken] = await takeSteps(xla, inParts, [{ ...given(recipe, 0), teacherTemperature: 0 }])
  assert.equal(broken!.moved, false)
  assert.deepEqual(broken!.state, initialState(recipe))
})

test('two steps in parts are those of the whole batch where the engine keeps parameters as one matrix', async () => {
  const recipe = recipeWith({}, 'ibot-vmf')
  assertSameSteps(await twoSteps(recipe, 4, keepingMatrices(engine)), await twoSteps(recipe))
})

test('one part is the whole step, bit for bit', async () => {
  const recipe = recipeWith({}, 'dino-vmf')
  assert.deepEqual(await twoSteps(recipe, 1), await twoSteps(recipe))
})
