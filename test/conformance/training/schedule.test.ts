/** What a run is scheduled to do, step by step, against the arrays that DINO's code makes for all steps at once. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Hyperparameters } from '../../../src/recipe/schema.ts'
import type { StepSchedule } from '../../../src/training/step/feeds.ts'
import { scheduleAt } from '../../../src/training/step/schedule.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

const { schedules } = JSON.parse(readFileSync(new URL('../golden/oracle-math.json', import.meta.url), 'utf8'))

interface Run {
  readonly changes: Partial<Hyperparameters>
  readonly stepsPerEpoch: number
}

const stepsOf = ({ changes, stepsPerEpoch }: Run): StepSchedule[] =>
  Array.from({ length: changes.epochs! * stepsPerEpoch }, (_, step) =>
    scheduleAt(muRecipe(changes), step, stepsPerEpoch)
  )

function assertEqual(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length)
  // float64 on both sides, in another order.
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= 1e-15 * Math.max(1, Math.abs(value)), `[${i}] ${actual[i]} for ${value}`)
  })
}

test('the learning rate of every step is DINO’s: per iteration, warm-up from 0, and per 256 images where it is scaled', () => {
  const plain = { epochs: 5, warmupEpochs: 2, learningRate: 0.5, minLearningRate: 0.1, batchSize: 512 }
  const expected = schedules['lr_base0.5_final0.1_epochs5_iters2_warmup2']
  const rates = (changes: Partial<Hyperparameters>) =>
    stepsOf({ changes, stepsPerEpoch: 2 }).map(({ learningRate }) => learningRate)
  assertEqual(rates({ ...plain, learningRateScaling: 'none' }), expected)
  assertEqual(rates({ ...plain, learningRate: 0.25, learningRateScaling: 'linear' }), expected)
})

test('weight decay and teacher momentum of every step are DINO’s: per iteration, without warm-up', () => {
  const changes = { epochs: 2, warmupEpochs: 1 }
  const decay = stepsOf({ changes: { ...changes, weightDecay: [0.04, 0.4] }, stepsPerEpoch: 3 })
  assertEqual(
    decay.map(({ weightDecay }) => weightDecay),
    schedules['wd_0.04_0.4_epochs2_iters3']
  )
  const momentum = stepsOf({ changes: { ...changes, teacherMomentum: [0.996, 1] }, stepsPerEpoch: 3 })
  assertEqual(
    momentum.map(({ teacherMomentum }) => teacherMomentum),
    schedules['ema_0.996_1_epochs2_iters3']
  )
})

test('the teacher temperature of every step is DINO’s: per epoch', () => {
  const steps = stepsOf({ changes: { epochs: 5, teacherTemperature: [0.04, 0.07, 3] }, stepsPerEpoch: 4 })
  assertEqual(
    steps.map(({ teacherTemperature }) => teacherTemperature),
    schedules['teacher_temp_0.04_0.07_warm3_epochs5'].flatMap((temperature: number) => Array(4).fill(temperature))
  )
})

test('the last layer is frozen for whole epochs, and the optimizer counts only the steps in which it moved it', () => {
  const steps = stepsOf({ changes: { epochs: 3, freezeLastLayerEpochs: 2 }, stepsPerEpoch: 2 })
  assert.deepEqual(
    steps.map(({ freezeLastLayer }) => freezeLastLayer),
    [true, true, true, true, false, false]
  )
  assert.deepEqual(
    steps.map(({ adamStep, adamLastLayerStep }) => [adamStep, adamLastLayerStep]),
    [
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
      [5, 1],
      [6, 2]
    ]
  )
})
