import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Method, Recipe } from '../../../src/recipe/schema.ts'
import { affordableSteps, createStepCalls, type GivenStep, takeFiniteSteps } from '../../../src/training/step/calls.ts'
import { drawMasks } from '../../../src/training/step/patch-masks.ts'
import { initialState } from '../../../src/training/step/state.ts'

const engine = createEngine({ threads: 2 })

function recipeWith(dropPath: number, localCrops?: number, method: Method = 'dino-vmf'): Recipe {
  const recipe = resolveRecipe({ preset: 'mu', method })
  const { hyperparameters: h } = recipe
  const crops = { ...h.crops, local: { ...h.crops.local, count: localCrops ?? h.crops.local.count } }
  return { ...recipe, hyperparameters: { ...h, batchSize: 4, dropPath, crops } }
}

/** Six different steps; the last layer is frozen in the first two. */
function givenSteps(recipe: Recipe): GivenStep[] {
  const { crops, batchSize, channels } = recipe.hyperparameters
  const bytes = ({ count, size }: { count: number; size: number }, seed: number) => {
    const random = prng(seed)
    return Uint8Array.from({ length: count * batchSize * size * size * channels }, () => random.integer(256))
  }
  return Array.from({ length: 6 }, (_, step) => ({
    globalCrops: bytes(crops.global, step),
    localCrops: bytes(crops.local, 100 + step),
    masks: drawMasks(recipe, step, [0, 1, 2, 3]),
    step,
    learningRate: 1e-3 / (step + 1),
    weightDecay: 0.1,
    teacherMomentum: 0.9,
    teacherTemperature: 0.04 + 0.001 * step,
    patchTeacherTemperature: 0.05 + 0.001 * step,
    freezeLastLayer: step < 2,
    adamStep: step + 1,
    adamLastLayerStep: Math.max(0, step - 1)
  }))
}

for (const [label, recipe] of [
  ['with dropped paths', recipeWith(0.4)],
  ['without local crops', recipeWith(0, 0)],
  ['with hidden patches', recipeWith(0.4, 1, 'ibot-vmf')]
] as const) {
  test(`six steps ${label} give the same bits in one call, in two and in six`, async () => {
    const begin = initialState(recipe)
    const steps = givenSteps(recipe)
    const single = await createStepCalls(engine, recipe, 1)
    const several = await createStepCalls(engine, recipe, 4)
    const expected = await single.run(begin, steps)
    assert.deepEqual(await several.run(begin, steps), expected)
    const first = await several.run(begin, steps.slice(0, 4))
    const second = await several.run(first.state, steps.slice(4))
    assert.deepEqual(second.state, expected.state)
    assert.deepEqual([...first.metrics, ...second.metrics], expected.metrics)
    assert.deepEqual(begin, initialState(recipe))
    await Promise.all([single.dispose(), several.dispose()])
  })
}

test('a step that gives no number ends a call with the state before it', async () => {
  const recipe = recipeWith(0)
  const begin = initialState(recipe)
  // The third step leaves weights that are no numbers, so that the fourth cannot give any.
  const steps = givenSteps(recipe).map((step) => (step.step === 2 ? { ...step, learningRate: Number.NaN } : step))
  const single = await createStepCalls(engine, recipe, 1)
  const expected = await single.run(begin, steps.slice(0, 3))
  for (const stepsPerCall of [1, 6]) {
    const calls = await createStepCalls(engine, recipe, stepsPerCall)
    const { state, metrics, broken } = await takeFiniteSteps(calls, begin, steps)
    assert.equal(metrics.length, 3)
    assert.deepEqual(state, expected.state)
    assert.ok(Number.isNaN(broken![1]))
    await calls.dispose()
  }
  await single.dispose()
})

test('a call takes no more steps than their batches have room for, and always one', () => {
  const recipe = recipeWith(0)
  const { hyperparameters: h } = recipe
  assert.equal(affordableSteps(recipe, 16), 16)
  const large = { ...h, batchSize: 256, crops: { ...h.crops, global: { ...h.crops.global, size: 224 } } }
  assert.equal(affordableSteps({ ...recipe, hyperparameters: large }, 16), 10)
  assert.equal(affordableSteps({ ...recipe, hyperparameters: { ...large, batchSize: 65_536 } }, 16), 1)
})
