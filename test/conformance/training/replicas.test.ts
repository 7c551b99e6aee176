/** Several devices take the steps of one, each with its part of the batch: losses, centers, weights, what is drawn for an image. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recipe } from '../../../src/recipe/schema.ts'
import type { GivenStep } from '../../../src/training/step/feeds.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { createTrainStep } from '../../../src/training/step/step.ts'
import { whyNoXla } from '../../helpers/pjrt.ts'
import { compileQuickly, xlaIn } from '../../helpers/xla.ts'
import { givenSteps, muRecipeOf, withOwnPatchLayer } from './mu-steps.ts'

const SKIP = { skip: whyNoXla }
compileQuickly()

const STEPS = 100
/** At the end of a run of the preset that is meant: larger ones make rounding grow from step to step. */
const SCHEDULE = { learningRate: 1e-4, teacherMomentum: 0.99 }

const TOLERANCE = 1e-5
/**
 * Sixteen units in the last place: the center of a prototype that is hardly used, around −10, is a logarithm of what logits of that
 * size give, each rounded. 1.1e-6 of its value was seen on one kind of processor, and two units on another.
 */
const ULPS = 2 ** -19

interface Run {
  readonly losses: readonly number[]
  readonly features: Float32Array
  readonly state: StateTensors
}

const onOneDevice = new Map<Recipe, Promise<Run>>()

function runOnOne(recipe: Recipe): Promise<Run> {
  const known = onOneDevice.get(recipe) ?? run(recipe, 1)
  onOneDevice.set(recipe, known)
  return known
}

async function run(
  recipe: Recipe,
  devices: number,
  { steps = givenSteps(recipe, STEPS, SCHEDULE), begin = initialState(recipe) }: Partial<Going> = {}
): Promise<Run> {
  const trainStep = await createTrainStep(await xlaIn('float32', devices), recipe, begin)
  const losses: number[] = []
  let features = new Float32Array()
  for (const given of steps) {
    const { metrics, views, moved } = await trainStep.step(given, given)
    assert.ok(moved)
    losses.push(metrics['loss']!)
    if (losses.length === 1) features = Float32Array.from(views.features)
  }
  const state = await trainStep.read()
  await trainStep.dispose()
  return { losses, features, state }
}

interface Going {
  readonly steps: readonly GivenStep[]
  readonly begin: StateTensors
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!)
    const isClose = difference <= Math.max(TOLERANCE, ULPS * Math.abs(expected[i]!))
    assert.ok(isClose, `${what}[${i}]: ${actual[i]} for ${expected[i]}`)
  }
}

function assertSame(actual: Run, expected: Run, what: string): void {
  assertClose(actual.losses, expected.losses, `${what}: losses`)
  // In the order of the whole batch.
  assertClose(actual.features, expected.features, `${what}: features`)
  for (const [name, values] of Object.entries(expected.state))
    assertClose(actual.state[name]!, values, `${what}: ${name}`)
}

const ibotVmf = muRecipeOf('ibot-vmf')

const CASES: readonly (readonly [string, Recipe])[] = [
  ['dino', muRecipeOf('dino')],
  ['dino-vmf', muRecipeOf('dino-vmf')],
  ['ibot', muRecipeOf('ibot')],
  ['ibot-vmf', ibotVmf],
  ['ibot-vmf with a patch layer of its own', withOwnPatchLayer(ibotVmf)],
  ['ibot-vmf with sinkhorn', muRecipeOf('ibot-vmf', { centering: 'sinkhorn' })],
  [
    'ibot-vmf with averaged probabilities and expectation-maximization',
    muRecipeOf('ibot-vmf', { centering: 'probability-ema', em: { rate: 0.2, pull: 0.5, kappa: 'gradient' } })
  ]
]

for (const [label, recipe] of CASES) {
  test(`2 and 4 devices take the ${STEPS} ${label} steps that one takes`, SKIP, async () => {
    // Side by side: most of a compilation computes on one core.
    const [one, two, four] = await Promise.all([runOnOne(recipe), run(recipe, 2), run(recipe, 4)])
    assertSame(two, one, '2 devices')
    assertSame(four, one, '4 devices')
  })
}

test('a batch in 2 parts on 2 devices takes the steps of the whole on one', SKIP, async () => {
  const inParts = muRecipeOf('ibot-vmf', { accumulationSteps: 2 })
  assertSame(await run(inParts, 2), await runOnOne(ibotVmf), 'parts')
})

test('a run that goes on on another number of devices is the run that one takes', SKIP, async () => {
  const steps = givenSteps(ibotVmf, STEPS, SCHEDULE)
  const first = await run(ibotVmf, 4, { steps: steps.slice(0, STEPS / 2) })
  const rest = await run(ibotVmf, 2, { steps: steps.slice(STEPS / 2), begin: first.state })
  const both = { state: rest.state, losses: [...first.losses, ...rest.losses], features: first.features }
  assertSame(both, await runOnOne(ibotVmf), '4, then 2 devices')
})
