import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { LoadedProgram } from '../../../src/engine/engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { createStepCalls, type GivenStep } from '../../../src/training/step/calls.ts'
import { planOf } from '../../../src/training/step/plan.ts'
import { trainStepProgram } from '../../../src/training/step/program.ts'
import { lossScaleOf } from '../../../src/training/step/scaling.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { stateAfter, stepFeeds } from '../../../src/training/step/step.ts'

const STEPS = 5

function recipeOf(preset: 'mu' | 'demo'): Recipe {
  const recipe = resolveRecipe({ preset, method: 'dino-vmf' })
  return { ...recipe, hyperparameters: { ...recipe.hyperparameters, batchSize: 4, dropPath: 0 } }
}

function givenSteps({ hyperparameters: { crops, batchSize, channels } }: Recipe): GivenStep[] {
  const bytes = ({ count, size }: { count: number; size: number }, seed: number) => {
    const random = prng(seed)
    return Uint8Array.from({ length: count * batchSize * size * size * channels }, () => random.integer(256))
  }
  return Array.from({ length: STEPS }, (_, step) => ({
    globalCrops: bytes(crops.global, step),
    localCrops: bytes(crops.local, 100 + step),
    step,
    learningRate: 5e-4,
    weightDecay: 0.04,
    teacherMomentum: 0.99,
    teacherTemperature: 0.04,
    freezeLastLayer: false,
    adamStep: step + 1,
    adamLastLayerStep: step + 1
  }))
}

/** ‖a − b‖ / ‖b‖ of every first moment, which after the first step is a tenth of the clipped gradient. */
function gradientErrors(actual: StateTensors, expected: StateTensors): number[] {
  const names = Object.keys(expected).filter((name) => name.startsWith('adam.m.'))
  const errors = names.map((name) => {
    const [a, b] = [actual[name]!, expected[name]!]
    return Math.hypot(...b.map((value, i) => a[i]! - value)) / Math.hypot(...b)
  })
  return errors.sort((a, b) => a - b)
}

/**
 * Half a unit in the last place of bfloat16 is 2⁻⁹ = 2.0e-3, of float16 2⁻¹² = 2.4e-4. A gradient passes a dozen products
 * or more, whose errors add up as random ones do: measured are 4 to 8 units at the median and 7 to 12 at the worst, where
 * a gradient is a small difference of logits. The losses drift apart as the weights do, by up to 10 units here.
 */
const UNIT = { bfloat16: 2 ** -9, float16: 2 ** -12 } as const

for (const preset of ['mu', 'demo'] as const) {
  for (const precision of ['bfloat16', 'float16'] as const) {
    test(`${STEPS} steps of ${preset} in ${precision} stay near float32`, async () => {
      const recipe = recipeOf(preset)
      const begin = initialState(recipe)
      const steps = givenSteps(recipe)
      const journey = async (of: 'float32' | 'bfloat16' | 'float16') => {
        const calls = await createStepCalls(createEngine({ threads: 2, precision: of }), recipe, 1)
        const first = await calls.run(begin, steps.slice(0, 1))
        const rest = await calls.run(first.state, steps.slice(1))
        await calls.dispose()
        return { first: first.state, losses: [...first.metrics, ...rest.metrics].map(({ loss }) => loss!) }
      }
      const [expected, actual] = [await journey('float32'), await journey(precision)]
      const errors = gradientErrors(actual.first, expected.first)
      const [median, worst] = [errors[errors.length >> 1]!, errors.at(-1)!]
      assert.ok(worst > UNIT[precision] / 8, `rounding is nowhere to be seen: ${worst}`)
      assert.ok(median < 12 * UNIT[precision], `median ${median}`)
      assert.ok(worst < 24 * UNIT[precision], `worst ${worst}`)
      expected.losses.forEach((loss, i) => {
        const difference = Math.abs(actual.losses[i]! - loss) / loss
        assert.ok(difference < 16 * UNIT[precision], `loss of step ${i}: ${actual.losses[i]} for ${loss}`)
      })
    })
  }
}

const recipe = recipeOf('mu')
const plan = planOf(recipe, 'float16')
const load = (): Promise<LoadedProgram> =>
  createEngine({ threads: 1, precision: 'float16' }).load(trainStepProgram(plan), { mayRound: true })

test('gradients below float16’s range are lost without the scale and kept with it', async () => {
  const begin = initialState(recipe)
  const [given] = givenSteps(recipe)
  const exact = await createStepCalls(createEngine({ threads: 1 }), recipe, 1)
  const expected = (await exact.run(begin, [given!])).state
  await exact.dispose()
  const program = await load()
  const worstAt = async (lossScale: number): Promise<number> => {
    const feeds = { ...stepFeeds(plan, recipe.seed, given!), lossScale: Float32Array.of(lossScale) }
    return gradientErrors(stateAfter(plan, begin, await program.run({ ...begin, ...feeds })), expected).at(-1)!
  }
  assert.ok((await worstAt(lossScaleOf(plan))) < 24 * UNIT.float16)
  // What a batch 2¹⁸ times as large would make of the same gradients.
  assert.ok((await worstAt(2 ** -18)) > 0.1)
  await program.dispose()
})

test('a step whose gradients leave float16’s range moves the teacher only, and the next step goes on', async () => {
  const begin = initialState(recipe)
  const [first, second, third] = givenSteps(recipe)
  const program = await load()
  const step = async (state: StateTensors, given: GivenStep, lossScale = lossScaleOf(plan)) => {
    const feeds = { ...stepFeeds(plan, recipe.seed, given), lossScale: Float32Array.of(lossScale) }
    const outputs = await program.run({ ...state, ...feeds })
    const [skipped, norm] = [outputs['skipped']![0], outputs['grad_norm']![0]!]
    return { state: stateAfter(plan, state, outputs), skipped, norm, loss: outputs['loss']![0]! }
  }
  const usual = await step(begin, first!)
  assert.equal(usual.skipped, 0)
  const overflown = await step(usual.state, second!, 2 ** 40)
  assert.deepEqual([overflown.skipped, overflown.norm], [1, 0])
  assert.ok(Number.isFinite(overflown.loss))
  for (const [name, values] of Object.entries(overflown.state)) {
    const moves = name.startsWith('teacher.') || name.startsWith('center.')
    if (!moves) assert.deepEqual(values, usual.state[name], name)
  }
  assert.notDeepEqual(overflown.state['teacher.head.mlp.4.weight'], usual.state['teacher.head.mlp.4.weight'])
  assert.equal((await step(overflown.state, third!)).skipped, 0)
  await program.dispose()
})
