import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveRecipe } from '../../../../src/recipe/presets.ts'
import { scheduleAt } from '../../../../src/training/step/schedule.ts'
import { muRecipe } from '../../../helpers/mu-recipe.ts'

const STEPS_PER_EPOCH = 10

test('the learning rate starts at exactly 0, peaks at the end of the warm-up and goes towards its minimum', () => {
  const recipe = muRecipe({ epochs: 4, learningRate: 0.5, minLearningRate: 0.1, warmupEpochs: 1 })
  const rate = (step: number) => scheduleAt(recipe, step, STEPS_PER_EPOCH).learningRate
  assert.equal(rate(0), 0)
  assert.equal(rate(9), 0.5)
  assert.equal(rate(10), 0.5)
  assert.ok(Math.abs(rate(25) - 0.3) < 1e-12)
  assert.ok(rate(39) > 0.1 && rate(39) < 0.102)
})

test('linear scaling states the learning rate per 256 images', () => {
  const scaled = muRecipe({ learningRate: 0.5, learningRateScaling: 'linear', batchSize: 64, warmupEpochs: 0 })
  assert.equal(scheduleAt(scaled, 0, STEPS_PER_EPOCH).learningRate, 0.125)
})

test('the teacher temperature changes between epochs only', () => {
  const recipe = muRecipe({ epochs: 4, teacherTemperature: [0.04, 0.07, 2] })
  const temperatures = [0, 9, 10, 19, 39].map((step) => scheduleAt(recipe, step, STEPS_PER_EPOCH).teacherTemperature)
  assert.deepEqual(temperatures, [0.04, 0.04, 0.07, 0.07, 0.07])
})

test("the patches' temperature has its own warm-up, which begins with the masks", () => {
  const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters
  const recipe = (startEpoch: number) =>
    muRecipe({
      epochs: 8,
      ibot: { ...ibot!, patchTeacherTemperature: [0.04, 0.07, 4], masks: { ...ibot!.masks, startEpoch } }
    })
  const temperatures = (startEpoch: number) =>
    [0, 1, 2, 3, 4, 5, 6, 7].map((epoch) =>
      Number(
        scheduleAt(recipe(startEpoch), epoch * STEPS_PER_EPOCH, STEPS_PER_EPOCH).patchTeacherTemperature!.toFixed(9)
      )
    )
  assert.deepEqual(temperatures(0), [0.04, 0.05, 0.06, 0.07, 0.07, 0.07, 0.07, 0.07])
  assert.deepEqual(temperatures(2), [0.04, 0.04, 0.04, 0.05, 0.06, 0.07, 0.07, 0.07])
  assert.equal(scheduleAt(muRecipe(), 0, STEPS_PER_EPOCH).patchTeacherTemperature, undefined)
})

test('while the last layer is frozen its Adam has made no step', () => {
  const at = (step: number) => scheduleAt(muRecipe({ freezeLastLayerEpochs: 1 }), step, STEPS_PER_EPOCH)
  assert.deepEqual([at(0).freezeLastLayer, at(0).adamStep, at(0).adamLastLayerStep], [true, 1, 0])
  assert.deepEqual([at(9).freezeLastLayer, at(9).adamStep, at(9).adamLastLayerStep], [true, 10, 0])
  assert.deepEqual([at(10).freezeLastLayer, at(10).adamStep, at(10).adamLastLayerStep], [false, 11, 1])
})

test('weight decay and momentum go from their first to their second value over the run', () => {
  const recipe = muRecipe({ epochs: 4, weightDecay: [0.04, 0.4], teacherMomentum: [0.996, 1] })
  const at = (step: number) => scheduleAt(recipe, step, STEPS_PER_EPOCH)
  assert.ok(Math.abs(at(0).weightDecay - 0.04) < 1e-12)
  assert.ok(Math.abs(at(20).weightDecay - 0.22) < 1e-12)
  assert.ok(Math.abs(at(20).teacherMomentum - 0.998) < 1e-12)
})
