import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Feeds, LoadedProgram, Outputs, Precision } from '../../../src/engine/engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Recipe } from '../../../src/recipe/schema.ts'
import { deviceFeeds, drawStep, type GivenStep } from '../../../src/training/step/feeds.ts'
import { changedState } from '../../../src/training/step/held-state.ts'
import { planOf } from '../../../src/training/step/plan.ts'
import { trainStepProgram } from '../../../src/training/step/program.ts'
import { lossScaleOf } from '../../../src/training/step/scaling.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { whyNoXla } from '../../helpers/pjrt.ts'
import { type TakenStep, takeSteps } from '../../helpers/steps.ts'
import { compileQuickly, xlaIn } from '../../helpers/xla.ts'

compileQuickly()

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
    test(`${STEPS} steps of ${preset} in ${precision} stay near float32`, { skip: whyNoXla }, async () => {
      const recipe = recipeOf(preset)
      const journey = async (of: Precision) => {
        const steps = await takeSteps(await xlaIn(of), recipe, givenSteps(recipe))
        return { first: steps[0]!.state, losses: steps.map(({ metrics }) => metrics['loss']!) }
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
const plan = planOf(recipe, { precision: 'float16', fuses: false, devices: 1 })
const feedsOf = (given: GivenStep, lossScale: number): Feeds => {
  const drawn = drawStep(plan, given, { seed: recipe.seed, batchSize: plan.batchSize })
  const [feeds] = deviceFeeds(plan, drawn, { index: 0, of: 1 })
  return { ...feeds, lossScale: Float32Array.of(lossScale) }
}
const load = async (): Promise<LoadedProgram> => {
  const engine = await xlaIn('float16')
  return engine.load(trainStepProgram(plan), { mayRound: true })
}

const stateAfter = (before: StateTensors, outputs: Outputs): StateTensors => ({
  ...before,
  ...Object.fromEntries(changedState(plan).map((name) => [name, outputs[name]!]))
})

test('gradients below float16’s range are lost without the scale and kept with it', { skip: whyNoXla }, async () => {
  const begin = initialState(recipe)
  const [given] = givenSteps(recipe)
  const [{ state: expected }] = (await takeSteps(await xlaIn('float32'), recipe, [given!])) as [TakenStep]
  const program = await load()
  const worstAt = async (lossScale: number): Promise<number> => {
    const outputs = await program.run({ ...begin, ...feedsOf(given!, lossScale) })
    return gradientErrors(stateAfter(begin, outputs), expected).at(-1)!
  }
  assert.ok((await worstAt(lossScaleOf(plan))) < 24 * UNIT.float16)
  // What a batch 2¹⁸ times as large would make of the same gradients.
  assert.ok((await worstAt(2 ** -18)) > 0.1)
  await program.dispose()
})

test('a step whose gradients leave float16’s range moves the teacher only, and the next step goes on', {
  skip: whyNoXla
}, async () => {
  const begin = initialState(recipe)
  const [first, second, third] = givenSteps(recipe)
  const program = await load()
  const step = async (state: StateTensors, given: GivenStep, lossScale = lossScaleOf(plan)) => {
    const outputs = await program.run({ ...state, ...feedsOf(given, lossScale) })
    const [skipped, norm] = [outputs['skipped']![0], outputs['grad_norm']![0]!]
    return { state: stateAfter(state, outputs), skipped, norm, loss: outputs['loss']![0]! }
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
