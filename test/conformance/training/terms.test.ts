/** What a recipe may choose besides its method, in whole steps: centering, KoLeo and what decays. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { networkOf } from '../../../src/recipe/network.ts'
import type { Centering, Hyperparameters, Recipe } from '../../../src/recipe/schema.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { type TakenStep, takeSteps } from '../../helpers/steps.ts'
import { muRecipeOf, randomBatch, scheduleOf } from './mu-steps.ts'

const onnx = createEngine({ threads: 2 })

const recipeWith = (changes: Partial<Hyperparameters>): Recipe =>
  muRecipeOf('dino-vmf', { batchSize: 4, dropPath: 0.1, ...changes })

/** All with the same batch. */
function steps(recipe: Recipe, count = 2): Promise<TakenStep[]> {
  const given = Array.from({ length: count }, (_, i) => ({ ...randomBatch(recipe), ...scheduleOf(i) }))
  return takeSteps(onnx, recipe, given)
}

const firstCenter = async (centering: Centering) => (await steps(recipeWith({ centering }), 1))[0]!.state['center.cls']!

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
  const entropy = ([, second]: TakenStep[]) => second!.metrics['mean_assignment_entropy']!
  assert.ok(entropy(sinkhorn) > entropy(none) + 0.1, `${entropy(sinkhorn)} and ${entropy(none)}`)
})

test('KoLeo is part of the loss with its weights, and without them leaves no trace', async () => {
  const [plain, zero, spread] = [
    await steps(recipeWith({}), 1),
    await steps(recipeWith({ koleo: { features: 0, prototypes: 0 } }), 1),
    await steps(recipeWith({ koleo: { features: 0.1, prototypes: 0.2 } }), 1)
  ]
  assert.deepEqual(zero, plain)
  const { loss, koleo_features, koleo_prototypes } = spread[0]!.metrics
  const expected = plain[0]!.metrics['loss']! + 0.1 * koleo_features! + 0.2 * koleo_prototypes!
  assert.ok(Math.abs(loss! - expected) < 1e-5, `${loss} for ${expected}`)
  const moments = 'adam.m.head.last_layer.weight_v'
  assert.notDeepEqual(spread[0]!.state[moments], plain[0]!.state[moments])
})

for (const method of ['dino-vmf', 'ibot-vmf'] as const) {
  test(`the anchor of ${method} adds its weight times the distance, and no step moves the start`, async () => {
    const take = async (gram: Hyperparameters['gram'], begin?: StateTensors) => {
      const recipe = { ...muRecipeOf(method, { batchSize: 4, dropPath: 0.1 }) }
      const asked = { ...recipe, hyperparameters: { ...recipe.hyperparameters, ...(gram && { gram }) } }
      const [taken] = await takeSteps(onnx, asked, [{ ...randomBatch(asked), ...scheduleOf(0) }], begin)
      return taken!
    }
    const plain = await take(undefined)
    const toTeacher = await take({ weight: 2, anchor: 'teacher' })
    const toStart = await take({ weight: 2, anchor: 'start' })
    const { loss, gram_loss } = toTeacher.metrics
    // Dropped paths and hidden patches keep the student from its teacher's view even in the first step.
    assert.ok(gram_loss! > 1e-6, `${gram_loss}`)
    assert.ok(Math.abs(loss! - (plain.metrics['loss']! + 2 * gram_loss!)) < 1e-5, `${loss}`)
    // The teacher of the first step is the start; the last block of a class token alone adds up in another order.
    for (const [name, value] of Object.entries(toTeacher.metrics)) {
      const difference = Math.abs(toStart.metrics[name]! - value)
      assert.ok(difference <= 1e-5 * Math.max(1, Math.abs(value)), `${name}: ${difference}`)
    }
    const backbone = Object.keys(plain.state).filter((name) => name.startsWith('teacher.backbone.'))
    const anchors = Object.keys(toStart.state).filter((name) => name.startsWith('anchor.'))
    assert.deepEqual(
      anchors,
      backbone.map((name) => name.replace('teacher.', 'anchor.'))
    )
    const { state: begun } = await take({ weight: 2, anchor: 'start' }, toStart.state)
    for (const name of anchors) assert.deepEqual(begun[name], toStart.state[name], name)
    const moments = 'adam.m.backbone.norm.weight'
    assert.notDeepEqual(toTeacher.state[moments], plain.state[moments])
  })
}

test('expectation-maximization replaces the directions that gradients make by means of what the teacher assigns', async () => {
  const em = { rate: 0.2, pull: 1, kappa: 'gradient' } as const
  const schedule = { ...scheduleOf(0), em: { rate: 1, pull: 1 } }
  const take = async (recipe: Recipe) => {
    const [taken] = await takeSteps(onnx, recipe, [{ ...randomBatch(recipe), ...schedule }])
    return taken!.state
  }
  const [plain, moved] = [await take(recipeWith({})), await take(recipeWith({ em }))]
  const [mass, vectors] = [moved['em.mass']!, moved['em.vectors']!]
  assert.ok(Math.abs(mass.reduce((sum, share) => sum + share, 0) - 1) < 1e-5, 'each image is shared out whole')
  const [prototypes, p] = [mass.length, vectors.length / mass.length]
  const row = (values: Float32Array, k: number) => [...values.subarray(k * p, (k + 1) * p)]
  for (let k = 0; k < prototypes; k++) {
    const before = row(plain['student.head.last_layer.weight_v']!, k)
    const length = Math.hypot(...before)
    const mean = row(vectors, k).map((x, i) => x + (0.1 / prototypes) * (before[i]! / length))
    const expected = mean.map((x) => (length * x) / Math.hypot(...mean))
    const after = row(moved['student.head.last_layer.weight_v']!, k)
    // A mean of eight unit rows in float32, over its own length.
    for (const [i, value] of after.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${k}: ${value}`)
  }
  const teacher = moved['teacher.head.last_layer.weight_v']!
  const began = initialState(recipeWith({ em }))['teacher.head.last_layer.weight_v']!
  moved['student.head.last_layer.weight_v']!.forEach((value, i) => {
    assert.ok(Math.abs(teacher[i]! - (0.9 * began[i]! + 0.1 * value)) < 1e-6, 'the teacher follows')
  })
  const rest = Object.keys(plain).filter((name) => !name.endsWith('last_layer.weight_v') || name.startsWith('adam.'))
  for (const name of rest) assert.deepEqual(moved[name], plain[name], name)
})

test('nested dimensions add the loss of a student that sees its first dimensions alone, and its gradient', async () => {
  const free = { clipGrad: 0 }
  const [plain, nested] = [recipeWith(free), recipeWith({ ...free, nested: [0.5] })]
  const { dim } = networkOf(plain)
  const take = async (recipe: Recipe, begin: StateTensors) => {
    const [taken] = await takeSteps(onnx, recipe, [{ ...randomBatch(recipe), ...scheduleOf(0) }], begin)
    return taken!
  }
  const begin = initialState(plain)
  // Weights of 0 see as little of the last dimensions as an input of 0 shows.
  const blind = begin['student.head.mlp.0.weight']!.map((value, i) => (i % dim < dim / 2 ? value : 0))
  const [whole, first, both] = [
    await take(plain, begin),
    await take(plain, { ...begin, 'student.head.mlp.0.weight': blind }),
    await take(nested, begin)
  ]
  const { loss, cls_loss, nested_loss } = both.metrics
  assert.ok(Math.abs(cls_loss! - whole.metrics['loss']!) < 1e-6, `${cls_loss} for ${whole.metrics['loss']}`)
  assert.ok(Math.abs(nested_loss! - first.metrics['loss']!) < 1e-6, `${nested_loss} for ${first.metrics['loss']}`)
  assert.ok(Math.abs(loss! - (cls_loss! + nested_loss!) / 2) < 1e-6)
  // First moments are a tenth of the gradients.
  for (const [name, moments] of Object.entries(both.state).filter(([key]) => key.startsWith('adam.m.'))) {
    moments.forEach((value, i) => {
      const seen = name !== 'adam.m.head.mlp.0.weight' || i % dim < dim / 2
      const expected = (whole.state[name]![i]! + (seen ? first.state[name]![i]! : 0)) / 2
      // Of sums in another order; the largest moments are near 2, where a unit in the last place is 2e-7.
      const difference = Math.abs(value - expected)
      assert.ok(difference < 1e-7 + 5e-7 * Math.abs(expected), `${name}[${i}]: ${value} for ${expected}`)
    })
  }
})

test('prototype norms decay as other weights do, or not at all, and nothing else changes', async () => {
  const [decayed, free] = [await steps(recipeWith({}), 1), await steps(recipeWith({ decayPrototypeNorms: false }), 1)]
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
