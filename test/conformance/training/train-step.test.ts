import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { assignProgram, embedProgram, servedNetworkOf } from '../../../src/model/programs.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { type Hyperparameters, METHODS, type Method, type Recipe } from '../../../src/recipe/schema.ts'
import { drawMasks } from '../../../src/training/step/patch-masks.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { createTrainStep, type StepBatch, type StepResult, type StepSchedule } from '../../../src/training/step/step.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'

const onnx = createEngine({ threads: 2 })

function mu(changes: Partial<Hyperparameters> = {}, method: Method = 'dino-vmf'): Recipe {
  const recipe = resolveRecipe({ preset: 'mu', method })
  return { ...recipe, hyperparameters: { ...recipe.hyperparameters, batchSize: 4, ...changes } }
}

function batchOf(recipe: Recipe): StepBatch {
  const { crops, batchSize, channels } = recipe.hyperparameters
  const random = prng(3)
  const bytes = ({ count, size }: { count: number; size: number }) =>
    Uint8Array.from({ length: count * batchSize * size * size * channels }, () => random.integer(256))
  const images = Array.from({ length: batchSize }, (_, i) => i)
  return { globalCrops: bytes(crops.global), localCrops: bytes(crops.local), masks: drawMasks(recipe, 0, images) }
}

const at = (step: number, changes: Partial<StepSchedule> = {}): StepSchedule => ({
  step,
  learningRate: 1e-3,
  weightDecay: 0.1,
  teacherMomentum: 0.9,
  teacherTemperature: 0.04,
  patchTeacherTemperature: 0.05,
  freezeLastLayer: false,
  adamStep: step + 1,
  adamLastLayerStep: step + 1,
  ...changes
})

interface Journey {
  readonly recipe: Recipe
  readonly engine?: Engine
  readonly schedules: readonly StepSchedule[]
}

async function journey({ recipe, engine = onnx, schedules }: Journey): Promise<StepResult[]> {
  const step = await createTrainStep(engine, recipe)
  const results: StepResult[] = []
  let state: StateTensors = initialState(recipe)
  for (const schedule of schedules) {
    const result = await step.run(state, batchOf(recipe), schedule)
    results.push(result)
    state = result.state
  }
  await step.dispose()
  return results
}

test('two runs from the same state give the same bits', async () => {
  const recipe = mu()
  const [first, second] = [
    await journey({ recipe, schedules: [at(0), at(1), at(2)] }),
    await journey({ recipe, schedules: [at(0), at(1), at(2)] })
  ]
  assert.deepEqual(second, first)
})

test('a step leaves the state it was given as it was', async () => {
  const recipe = mu()
  const state = initialState(recipe)
  const step = await createTrainStep(onnx, recipe)
  await step.run(state, batchOf(recipe), at(0))
  await step.dispose()
  assert.deepEqual(state, initialState(recipe))
})

function assertSameStep(actual: StepResult, { state, metrics }: StepResult, engine: string): void {
  for (const [name, value] of Object.entries(metrics)) {
    const metric = actual.metrics[name]!
    assert.ok(
      Math.abs(metric - value) <= 2e-4 * Math.max(1, Math.abs(value)),
      `${engine}, ${name}: ${metric} for ${value}`
    )
  }
  for (const [name, values] of Object.entries(state)) {
    // Where a gradient is 0 but for rounding, Adam moves by lr in either direction; the rest agrees to rounding.
    const apart = values.filter((value, j) => Math.abs(value - actual.state[name]![j]!) > 2e-4).length
    const isClose = apart <= values.length * 0.01 || name.endsWith('qkv.bias')
    assert.ok(isClose, `${engine}, ${name}: ${apart} of ${values.length}`)
  }
}

const cases: [string, Recipe][] = METHODS.map((method) => [method, mu({}, method)])
for (const method of ['ibot', 'ibot-vmf'] as const) {
  const recipe = mu({}, method)
  cases.push([`${method} (separate head)`, ownPatchLayer(recipe, 24)])
}

function ownPatchLayer(recipe: Recipe, patchPrototypes: number): Recipe {
  const { hyperparameters: h } = recipe
  return { ...recipe, hyperparameters: { ...h, ibot: { ...h.ibot!, patchPrototypes } } }
}

for (const [name, recipe0] of cases) {
  test(`the engines make the same ${name} steps from bytes, with dropped paths and clipping`, async () => {
    const recipe = { ...recipe0, hyperparameters: { ...recipe0.hyperparameters, clipGrad: 0.05, dropPath: 0.4 } }
    const schedules = [at(0), at(1)]
    const reference = await journey({ recipe, schedules, engine: createEngine({ name: 'cpu' }) })
    for (const engine of withTfjsNode([onnx])) {
      const fast = await journey({ recipe, schedules, engine })
      for (const [i, step] of reference.entries()) assertSameStep(fast[i]!, step, engine.name)
    }
  })
}

test('a frozen last layer keeps weights and moments bit for bit, while its teacher and all else move on', async () => {
  const recipe = mu()
  const [first, frozen] = await journey({
    recipe,
    schedules: [at(0), at(1, { freezeLastLayer: true, adamLastLayerStep: 1 })]
  })
  for (const part of ['student', 'adam.m', 'adam.v'])
    for (const name of ['weight_g', 'weight_v']) {
      const key = `${part}.head.last_layer.${name}`
      assert.deepEqual(frozen!.state[key], first!.state[key], key)
    }
  for (const key of ['teacher.head.last_layer.weight_v', 'student.head.mlp.4.weight', 'adam.v.backbone.norm.weight'])
    assert.notDeepEqual(frozen!.state[key], first!.state[key], key)
})

test('normalized prototypes keep norm 1 and have no moments', async () => {
  const recipe = mu({ normalizeLastLayer: true }, 'dino')
  const [result] = await journey({ recipe, schedules: [at(0)] })
  const { state } = result!
  assert.ok(state['student.head.last_layer.weight_g']!.every((g) => g === 1))
  assert.ok(state['teacher.head.last_layer.weight_g']!.every((g) => g === 1))
  assert.ok(!('adam.m.head.last_layer.weight_g' in state))
})

test('clipping that limits nothing and no clipping are the same step', async () => {
  const loose = await journey({ recipe: mu({ clipGrad: 1000 }), schedules: [at(0)] })
  const off = await journey({ recipe: mu({ clipGrad: 0 }), schedules: [at(0)] })
  for (const [name, values] of Object.entries(off[0]!.state))
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - loose[0]!.state[name]![i]!) < 1e-7, name)
    })
})

test('which paths are dropped depends on the step, and on nothing without drop path', async () => {
  const loss = async (dropPath: number, step: number) => {
    const schedules = [at(0, { step })]
    return (await journey({ recipe: mu({ dropPath }), schedules }))[0]!.metrics['loss']
  }
  assert.notEqual(await loss(0.5, 0), await loss(0.5, 1))
  assert.equal(await loss(0, 0), await loss(0, 1))
})

test('a recipe without local crops trains on global pairs alone', async () => {
  const { crops } = mu().hyperparameters
  const recipe = mu({ crops: { ...crops, local: { ...crops.local, count: 0 } } })
  const [result] = await journey({ recipe, schedules: [at(0)] })
  const { loss, teacher_entropy, kl } = result!.metrics
  assert.ok(Math.abs(loss! - teacher_entropy! - kl!) < 1e-5)
  assert.ok(kl! > 0)
})

test('a loss that is not finite is reported, not thrown', async () => {
  const recipe = mu()
  const state = initialState(recipe)
  state['student.backbone.norm.weight'] = state['student.backbone.norm.weight']!.map(() => Number.NaN)
  const step = await createTrainStep(onnx, recipe)
  const { metrics } = await step.run(state, batchOf(recipe), at(0))
  await step.dispose()
  assert.ok(Number.isNaN(metrics['loss']))
})

test('a batch without a mask has no patch loss, and its patch layer gets no gradient', async () => {
  const recipe = ownPatchLayer(mu({}, 'ibot-vmf'), 24)
  const step = await createTrainStep(onnx, recipe)
  const batch = batchOf(recipe)
  const state = initialState(recipe)
  const masked = await step.run(state, batch, at(0))
  const bare = await step.run(state, { ...batch, masks: new Uint8Array(batch.masks!.length) }, at(0))
  await step.dispose()
  assert.ok(masked.metrics['patch_loss']! > 0 && masked.metrics['masked_share']! > 0)
  for (const name of ['patch_loss', 'masked_share', 'patch_teacher_entropy', 'patch_kl'])
    assert.equal(bare.metrics[name], 0, name)
  assert.equal(bare.metrics['loss'], bare.metrics['cls_loss'])
  const moment = 'adam.m.head.last_layer2.weight_v'
  assert.ok(masked.state[moment]!.some((value) => value !== 0))
  assert.ok(bare.state[moment]!.every((value) => value === 0))
  assert.ok(bare.state['adam.m.backbone.masked_embed']!.every((value) => value === 0))
  assert.deepEqual(bare.state['center.patch'], masked.state['center.patch'], 'the center averages all patches')
})

test('the weights of both losses scale them', async () => {
  const recipe = mu({}, 'ibot')
  const weights = { ...recipe.hyperparameters.ibot!, clsLossWeight: 0.5, patchLossWeight: 2 }
  const weighted = mu({ ibot: weights }, 'ibot')
  const [[plain], [scaled]] = [
    await journey({ recipe, schedules: [at(0)] }),
    await journey({ recipe: weighted, schedules: [at(0)] })
  ]
  const { cls_loss, patch_loss } = plain!.metrics
  assert.ok(Math.abs(plain!.metrics['loss']! - (cls_loss! + patch_loss!)) < 1e-5)
  assert.ok(Math.abs(scaled!.metrics['loss']! - (0.5 * cls_loss! + 2 * patch_loss!)) < 1e-5)
})

for (const programOf of [embedProgram, assignProgram]) {
  test(`the engines agree on ${programOf.name}, whatever the batch`, async () => {
    const recipe = mu()
    const state = initialState(recipe)
    const program = programOf(servedNetworkOf(recipe))
    const feeds = Object.fromEntries(
      program.inputs.map(({ name }) => [name, state[`teacher.${name}`] ?? new Float32Array()])
    )
    const { channels, crops } = recipe.hyperparameters
    for (const count of [1, 3]) {
      const images = Uint8Array.from({ length: count * crops.global.size ** 2 * channels }, (_, i) => (i * 7919) % 256)
      const [expected, ...others] = await Promise.all(
        withTfjsNode([createEngine({ name: 'cpu' }), onnx]).map(async (engine) => {
          const loaded = await engine.load(program)
          const outputs = await loaded.run({ ...feeds, images })
          await loaded.dispose()
          return outputs
        })
      )
      for (const actual of others) {
        for (const name of program.outputs) {
          assert.equal(actual[name]!.length, expected![name]!.length)
          expected![name]!.forEach((value, i) => {
            assert.ok(Math.abs(value - actual[name]![i]!) < 2e-6, `${name}[${i}]`)
          })
        }
        const norm = Math.hypot(...actual['embedding']!.slice(0, 32))
        assert.ok(Math.abs(norm - 1) < 1e-6)
      }
    }
  })
}
