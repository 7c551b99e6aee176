/** What a step does with what it is given, on one engine; engines.test.ts holds the others against it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Hyperparameters, Method, Recipe } from '../../../src/recipe/schema.ts'
import type { StepSchedule } from '../../../src/training/step/feeds.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { createTrainStep } from '../../../src/training/step/step.ts'
import { keepingMatrices, type TakenStep, takeSteps } from '../../helpers/steps.ts'
import { muRecipeOf, randomBatch, scheduleOf } from './mu-steps.ts'

const onnx = createEngine({ threads: 2 })

const mu = (changes: Partial<Hyperparameters> = {}, method: Method = 'dino-vmf'): Recipe =>
  muRecipeOf(method, { batchSize: 4, dropPath: 0.1, clipGrad: 3, ...changes })

interface Journey {
  readonly recipe: Recipe
  readonly schedules: readonly StepSchedule[]
}

function journey({ recipe, schedules }: Journey): Promise<TakenStep[]> {
  const given = schedules.map((schedule) => ({ ...randomBatch(recipe), ...schedule }))
  return takeSteps(onnx, recipe, given)
}

test('a step leaves the state it was given as it was', async () => {
  const recipe = mu()
  const state = initialState(recipe)
  const step = await createTrainStep(onnx, recipe, state)
  await step.step(randomBatch(recipe), scheduleOf(0))
  assert.notDeepEqual(await step.read(), state)
  await step.dispose()
  assert.deepEqual(state, initialState(recipe))
})

test('a state whose parameters are one matrix is read by their names', async () => {
  const recipe = mu()
  const begin = initialState(recipe)
  const step = await createTrainStep(keepingMatrices(onnx), recipe, begin)
  assert.deepEqual(await step.read(), begin)
  await step.step(randomBatch(recipe), scheduleOf(0))
  const { 'teacher.head.last_layer.weight_g': norms, 'center.cls': center } = await step.read()
  const names = ['teacher.head.last_layer.weight_g', 'center.cls']
  assert.deepEqual(await step.read(names), { [names[0]!]: norms, [names[1]!]: center })
  await step.dispose()
})

test('normalized prototypes keep norm 1 and have no moments', async () => {
  const recipe = mu({ normalizeLastLayer: true }, 'dino')
  const [result] = await journey({ recipe, schedules: [scheduleOf(0)] })
  const { state } = result!
  assert.ok(state['student.head.last_layer.weight_g']!.every((g) => g === 1))
  assert.ok(state['teacher.head.last_layer.weight_g']!.every((g) => g === 1))
  assert.ok(!('adam.m.head.last_layer.weight_g' in state))
})

test('clipping that limits nothing and no clipping are the same step', async () => {
  const loose = await journey({ recipe: mu({ clipGrad: 1000 }), schedules: [scheduleOf(0)] })
  const off = await journey({ recipe: mu({ clipGrad: 0 }), schedules: [scheduleOf(0)] })
  for (const [name, values] of Object.entries(off[0]!.state))
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - loose[0]!.state[name]![i]!) < 1e-7, name)
    })
})

test('which paths are dropped depends on the step, and on nothing without drop path', async () => {
  const loss = async (dropPath: number, step: number) => {
    const schedules = [scheduleOf(0, { step })]
    return (await journey({ recipe: mu({ dropPath }), schedules }))[0]!.metrics['loss']
  }
  assert.notEqual(await loss(0.5, 0), await loss(0.5, 1))
  assert.equal(await loss(0, 0), await loss(0, 1))
})

test('a recipe without local crops trains on global pairs alone', async () => {
  const { crops } = mu().hyperparameters
  const recipe = mu({ crops: { ...crops, local: { ...crops.local, count: 0 } } })
  const [result] = await journey({ recipe, schedules: [scheduleOf(0)] })
  const { loss, teacher_entropy, kl } = result!.metrics
  assert.ok(Math.abs(loss! - teacher_entropy! - kl!) < 1e-5)
  assert.ok(kl! > 0)
})

test('a batch in parts without finite metrics moves nothing either', async () => {
  const recipe = mu({ accumulationSteps: 2 })
  const step = await createTrainStep(onnx, recipe, initialState(recipe))
  const { moved } = await step.step(randomBatch(recipe), scheduleOf(0, { teacherTemperature: 0 }))
  assert.equal(moved, false)
  assert.deepEqual(await step.read(), initialState(recipe))
  await step.dispose()
})

test('the weights of both losses scale them', async () => {
  const recipe = mu({}, 'ibot')
  const weights = { ...recipe.hyperparameters.ibot!, clsLossWeight: 0.5, patchLossWeight: 2 }
  const weighted = mu({ ibot: weights }, 'ibot')
  const [[plain], [scaled]] = [
    await journey({ recipe, schedules: [scheduleOf(0)] }),
    await journey({ recipe: weighted, schedules: [scheduleOf(0)] })
  ]
  const { cls_loss, patch_loss } = plain!.metrics
  assert.ok(Math.abs(plain!.metrics['loss']! - (cls_loss! + patch_loss!)) < 1e-5)
  assert.ok(Math.abs(scaled!.metrics['loss']! - (0.5 * cls_loss! + 2 * patch_loss!)) < 1e-5)
})
