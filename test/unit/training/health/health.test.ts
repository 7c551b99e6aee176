import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlarmEvent } from '../../../../src/protocol/training-events.ts'
import type { Recipe } from '../../../../src/recipe/schema.ts'
import { watchHealth } from '../../../../src/training/health/health.ts'

/** [step, teacher entropy, entropy of the mean, top share], recorded on Fashion-MNIST with K = 256. */
type Series = readonly (readonly [number, number, number, number])[]

const UNIFORM: Series = [
  [10, 5.428, 5.531, 0.0061],
  [20, 5.454, 5.544, 0.0045],
  [40, 5.481, 5.541, 0.0049],
  [60, 5.506, 5.544, 0.0044],
  [100, 5.527, 5.545, 0.0042],
  [140, 5.533, 5.545, 0.0041]
]
const ONE: Series = [
  [10, 4.329, 4.7, 0.0645],
  [20, 3.848, 4.125, 0.1237],
  [30, 3.351, 3.528, 0.2068],
  [40, 2.547, 2.687, 0.3618],
  [50, 1.909, 1.994, 0.5165],
  [60, 1.31, 1.367, 0.6677],
  [80, 0.509, 0.523, 0.8833],
  [140, 0.008, 0.008, 0.9991]
]
const FEW: Series = [
  [10, 1.616, 3.278, 0.1593],
  [20, 1.05, 2.33, 0.215],
  [30, 0.348, 1.339, 0.5165],
  [40, 0.314, 1.35, 0.3647],
  [60, 0.077, 1.034, 0.4189],
  [140, 0.078, 0.996, 0.5279]
]
/** No centering, teacher temperature 0.1, scaled from K = 64. */
const ALIKE: Series = [
  [20, 4.12, 4.2, 0.174],
  [40, 4.13, 4.14, 0.181],
  [140, 4.13, 4.131, 0.18]
]
const PLATEAU: Series = [
  [20, 5.231, 5.538, 0.0055],
  [60, 5.338, 5.539, 0.0054],
  [140, 5.391, 5.543, 0.0045],
  [400, 5.391, 5.543, 0.0045]
]
/** Epoch averages of the demo run; its first epoch is the bluntest. */
const HEALTHY: Series = [
  [1, 5.1, 5.4, 0.02],
  [140, 2.79, 4.38, 0.06],
  [280, 1.7, 3.66, 0.1],
  [420, 1.12, 3.23, 0.12],
  [1120, 0.62, 2.87, 0.15]
]
/** Plain DINO with logit centering: the healthy run with the least margin. */
const HEALTHY_DINO: Series = [
  [1, 5.1, 5.3, 0.03],
  [140, 0.8, 2.3, 0.2],
  [420, 0.36, 2.11, 0.25]
]

const recipe = (changes: Partial<Recipe['hyperparameters']> = {}) =>
  ({ hyperparameters: { prototypes: 256, epochs: 8, warmupEpochs: 1, ...changes } }) as Recipe

/** Straight lines between the recorded points, with a scatter of ±8 % as single batches have. */
function replay(series: Series, watched = recipe(), resumedAfter = 0): AlarmEvent[] {
  let health = watchHealth(watched, { stepsPerEpoch: 140, from: new Map() })
  const alarms: AlarmEvent[] = []
  const last = series.at(-1)![0]
  for (let step = 1; step <= last; step++) {
    const after = series.findIndex(([at]) => at >= step)
    const [x1, ...b] = series[after]!
    const [x0, ...a] = series[Math.max(0, after - 1)]!
    const share = x1 === x0 ? 1 : (step - x0) / (x1 - x0)
    const [teacher, mean, top] = a.map((from, i) => from + share * (b[i]! - from)) as [number, number, number]
    const scatter = 1 + 0.08 * Math.sin(step * 2.4)
    const information = (mean - teacher) * scatter
    const metrics = {
      // As they come out of a program.
      teacher_entropy: Math.fround(mean - information),
      mean_assignment_entropy: Math.fround(mean),
      top_assignment: Math.fround(top * scatter)
    }
    alarms.push(...health.observe(step, metrics))
    if (step === resumedAfter) health = watchHealth(watched, { stepsPerEpoch: 140, from: health.tensors() })
  }
  return alarms
}

const rulesOf = (series: Series) => replay(series).map(({ rule }) => rule)

test('a uniform collapse raises its alarm once, soon after it began', () => {
  const alarms = replay(UNIFORM)
  assert.deepEqual(
    alarms.map(({ rule }) => rule),
    ['collapse_uniform']
  )
  assert.ok(alarms[0]!.step <= 70, `raised at ${alarms[0]!.step}`)
  assert.ok(alarms[0]!.sinceStep < alarms[0]!.step)
  assert.match(alarms[0]!.message, /uniform/)
})

test('a collapse to a few prototypes is told as that, one to a single prototype first by images that are alike', () => {
  assert.deepEqual(rulesOf(FEW), ['collapse_few'])
  assert.deepEqual(rulesOf(ONE), ['collapse_alike', 'collapse_few'])
})

test('assignments that are blunt, few in none and alike for all images are a collapse too', () => {
  const alarms = replay(ALIKE)
  assert.deepEqual(
    alarms.map(({ rule }) => rule),
    ['collapse_alike']
  )
  assert.ok(alarms[0]!.step <= 60, `raised at ${alarms[0]!.step}`)
})

test('a near-uniform plateau is reported only after two epochs', () => {
  const alarms = replay(PLATEAU)
  assert.deepEqual(rulesOf(PLATEAU), ['plateau'])
  assert.ok(alarms[0]!.step > 280)
})

test('healthy runs raise no alarm, with log C_p and without', () => {
  assert.deepEqual(replay(HEALTHY), [])
  assert.deepEqual(replay(HEALTHY_DINO), [])
})

test('the start is not judged: an untrained network is near-uniform and that means nothing', () => {
  const untrained: Series = [
    [1, 5.53, 5.545, 0.004],
    [30, 5.53, 5.545, 0.004]
  ]
  assert.deepEqual(replay(untrained), [])
  const longWarmup: Series = [
    [1, 5.53, 5.545, 0.004],
    [260, 5.53, 5.545, 0.004]
  ]
  assert.deepEqual(replay(longWarmup, recipe({ warmupEpochs: 10, epochs: 100 })), [])
})

test('an alarm is raised again when its condition ended and came back', () => {
  const relapse: Series = [...FEW, [150, 1.5, 3.5, 0.1], [200, 1.5, 3.5, 0.1], [210, 0.1, 1, 0.5], [300, 0.1, 1, 0.5]]
  assert.deepEqual(
    replay(relapse).map(({ rule }) => rule),
    ['collapse_few', 'collapse_few']
  )
})

test('with a handful of prototypes an even use of all of them is no collapse', () => {
  const even: Series = [
    [1, 0.2, 1.38, 0.31],
    [200, 0.2, 1.38, 0.31]
  ]
  assert.deepEqual(replay(even, recipe({ prototypes: 4 })), [])
})

test('a resumed run raises the alarms of an uninterrupted one, at the same steps and none twice', () => {
  for (const resumedAfter of [1, 25, 34, 50, 139]) {
    assert.deepEqual(replay(UNIFORM, recipe(), resumedAfter), replay(UNIFORM), `resumed after ${resumedAfter}`)
    assert.deepEqual(replay(FEW, recipe(), resumedAfter), replay(FEW), `resumed after ${resumedAfter}`)
  }
})
