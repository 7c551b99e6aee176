/** What a recipe may choose besides its method: centering, KoLeo and what decays. In whole steps, on both engines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Centering, Hyperparameters, Method, Recipe } from '../../../src/recipe/schema.ts'
import { drawMasks } from '../../../src/training/step/patch-masks.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { createTrainStep, type StepBatch, type StepResult, type StepSchedule } from '../../../src/training/step/step.ts'

const onnx = createEngine({ threads: 2 })
const cpu = createEngine({ name: 'cpu' })

function recipeWith(changes: Partial<Hyperparameters>, method: Method = 'dino-vmf'): Recipe {
  const recipe = resolveRecipe({ preset: 'mu', method })
  return { ...recipe, hyperparameters: { ...recipe.hyperparameters, batchSize: 4, clipGrad: 0.05, ...changes } }
}

function batchOf(recipe: Recipe): StepBatch {
  const { crops, batchSize, channels } = recipe.hyperparameters
  const random = prng(3)
  const bytes = ({ count, size }: { count: number; size: number }) =>
    Uint8Array.from({ length: count * batchSize * size * size * channels }, () => random.integer(256))
  const masks = drawMasks(recipe, 0, [0, 1, 2, 3])
  return { globalCrops: bytes(crops.global), localCrops: bytes(crops.local), masks }
}

const at = (step: number): StepSchedule => ({
  step,
  learningRate: 1e-3,
  weightDecay: 0.1,
  teacherMomentum: 0.9,
  teacherTemperature: 0.04,
  patchTeacherTemperature: 0.05,
  freezeLastLayer: false,
  adamStep: step + 1,
  adamLastLayerStep: step + 1
})

async function steps(recipe: Recipe, engine: Engine = onnx, count = 2): Promise<StepResult[]> {
  const step = await createTrainStep(engine, recipe)
  const results: StepResult[] = []
  let state = initialState(recipe)
  for (let i = 0; i < count; i++) {
    results.push(await step.run(state, batchOf(recipe), at(i)))
    state = results[i]!.state
  }
  await step.dispose()
  return results
}

const CASES: readonly (readonly [string, Partial<Hyperparameters>, Method])[] = [
  ['probability-ema', { centering: 'probability-ema' }, 'dino-vmf'],
  ['probability-ema of patches too', { centering: 'probability-ema' }, 'ibot-vmf'],
  ['sinkhorn', { centering: 'sinkhorn' }, 'dino'],
  ['sinkhorn of patches too', { centering: 'sinkhorn' }, 'ibot-vmf'],
  ['KoLeo on features and prototypes', { koleo: { features: 0.1, prototypes: 0.2 } }, 'ibot-vmf']
]

for (const [label, changes, method] of CASES) {
  test(`both engines make the same ${method} steps with ${label}`, async () => {
    const recipe = recipeWith(changes, method)
    const [fast, reference] = [await steps(recipe), await steps(recipe, cpu)]
    reference.forEach(({ state, metrics }, i) => {
      for (const [name, value] of Object.entries(metrics)) {
        const actual = fast[i]!.metrics[name]!
        assert.ok(Math.abs(actual - value) <= 2e-4 * Math.max(1, Math.abs(value)), `${name}: ${actual} for ${value}`)
      }
      for (const [name, values] of Object.entries(state)) {
        // Where a gradient is 0 but for rounding, Adam moves by lr in either direction; the rest agrees to rounding.
        const apart = values.filter((value, j) => Math.abs(value - fast[i]!.state[name]![j]!) > 2e-4).length
        assert.ok(apart <= values.length * 0.01 || name.endsWith('qkv.bias'), `${name}: ${apart} of ${values.length}`)
      }
    })
  })
}

const firstCenter = async (centering: Centering) =>
  (await steps(recipeWith({ centering }), onnx, 1))[0]!.state['center.cls']!

test('probability-ema averages the probabilities whose logarithms probability averages', async () => {
  const [logs, averaged] = [await firstCenter('probability'), await firstCenter('probability-ema')]
  const uniform = 1 / logs.length
  logs.forEach((center, k) => {
    // probability begins at 0 and keeps 0.9 of it; the other begins at ln 1/K.
    const mean = Math.exp(center / 0.1)
    const expected = Math.log(0.9 * uniform + 0.1 * mean)
    assert.ok(Math.abs(averaged[k]! - expected) < 1e-5, `${averaged[k]} for ${expected}`)
  })
})

test('sinkhorn has no center, and its teacher uses the prototypes more evenly than one without any centering', async () => {
  const [none, sinkhorn] = [
    await steps(recipeWith({ centering: 'probability', centerMomentum: 1 })),
    await steps(recipeWith({ centering: 'sinkhorn' }))
  ]
  assert.ok(sinkhorn[1]!.state['center.cls']!.every((value) => value === 0))
  const entropy = ([, second]: StepResult[]) => second!.metrics['mean_assignment_entropy']!
  assert.ok(entropy(sinkhorn) > entropy(none) + 0.1, `${entropy(sinkhorn)} and ${entropy(none)}`)
})

test('KoLeo is part of the loss with its weights, and without them leaves no trace', async () => {
  const [plain, zero, spread] = [
    await steps(recipeWith({}), onnx, 1),
    await steps(recipeWith({ koleo: { features: 0, prototypes: 0 } }), onnx, 1),
    await steps(recipeWith({ koleo: { features: 0.1, prototypes: 0.2 } }), onnx, 1)
  ]
  assert.deepEqual(zero, plain)
  const { loss, koleo_features, koleo_prototypes } = spread[0]!.metrics
  const expected = plain[0]!.metrics['loss']! + 0.1 * koleo_features! + 0.2 * koleo_prototypes!
  assert.ok(Math.abs(loss! - expected) < 1e-5, `${loss} for ${expected}`)
  const moments = 'adam.m.head.last_layer.weight_v'
  assert.notDeepEqual(spread[0]!.state[moments], plain[0]!.state[moments])
})

test('prototype norms decay as other weights do, or not at all, and nothing else changes', async () => {
  const [decayed, free] = [
    await steps(recipeWith({}), onnx, 1),
    await steps(recipeWith({ decayPrototypeNorms: false }), onnx, 1)
  ]
  for (const [name, values] of Object.entries(free[0]!.state)) {
    const isNorm = name === 'student.head.last_layer.weight_g'
    const isTeacher = name === 'teacher.head.last_layer.weight_g'
    // All begin at 1: lr · decay is 1e-4, and the teacher follows with a tenth of it.
    const expected = isNorm ? 1e-4 : isTeacher ? 1e-5 : 0
    values.forEach((value, i) => {
      const difference = value - decayed[0]!.state[name]![i]!
      assert.ok(Math.abs(difference - expected) < (expected > 0 ? 2e-7 : Number.MIN_VALUE), `${name}: ${difference}`)
    })
  }
})
