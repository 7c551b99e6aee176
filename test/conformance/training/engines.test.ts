/** Whole steps from bytes, by everything that a recipe may choose: the engines are held against plain JavaScript. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { METHODS, type Recipe } from '../../../src/recipe/schema.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { createTrainStep } from '../../../src/training/step/step.ts'
import { keepingMatrices, type TakenStep, takeSteps } from '../../helpers/steps.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { compileQuickly, withXla } from '../../helpers/xla.ts'
import { givenSteps, muRecipeOf, randomBatch, scheduleOf, withOwnPatchLayer } from './mu-steps.ts'

compileQuickly()

const reference = createEngine({ name: 'cpu' })
const onnx = createEngine({ threads: 2 })
const engines = await withXla(withTfjsNode([onnx, keepingMatrices(onnx)]))

const nameOf = ({ name, fuses }: Engine): string =>
  name === 'onnx' && fuses ? 'onnx with parameters in one matrix' : name

function assertSameStep(actual: TakenStep, { state, metrics }: TakenStep, engine: string): void {
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

const [ibot, ibotVmf] = [muRecipeOf('ibot'), muRecipeOf('ibot-vmf')]

const CASES: readonly (readonly [string, Recipe])[] = [
  ...METHODS.map((method) => [method, muRecipeOf(method)] as const),
  ['ibot (separate head)', withOwnPatchLayer(ibot)],
  ['ibot-vmf (separate head)', withOwnPatchLayer(ibotVmf)],
  ['dino-vmf with probability-ema', muRecipeOf('dino-vmf', { centering: 'probability-ema' })],
  ['ibot-vmf with probability-ema of patches too', muRecipeOf('ibot-vmf', { centering: 'probability-ema' })],
  ['dino with sinkhorn', muRecipeOf('dino', { centering: 'sinkhorn' })],
  ['ibot-vmf with sinkhorn of patches too', muRecipeOf('ibot-vmf', { centering: 'sinkhorn' })],
  [
    'ibot-vmf with KoLeo on features and prototypes',
    muRecipeOf('ibot-vmf', { koleo: { features: 0.1, prototypes: 0.2 } })
  ],
  ['dino-vmf anchored to its start', muRecipeOf('dino-vmf', { gram: { weight: 2, anchor: 'start' } })]
]

for (const [label, recipe] of CASES) {
  test(`the engines make the same ${label} steps, with dropped paths and clipping`, async () => {
    const given = givenSteps(recipe, 2)
    const expected = await takeSteps(reference, recipe, given)
    for (const engine of engines) {
      const fast = await takeSteps(engine, recipe, given)
      for (const [i, step] of expected.entries()) assertSameStep(fast[i]!, step, nameOf(engine))
    }
  })
}

const dinoVmf = muRecipeOf('dino-vmf')

for (const engine of [reference, ...engines]) {
  test(`a step without finite metrics is told and moves nothing on ${nameOf(engine)}, and the next one can`, async () => {
    const step = await createTrainStep(engine, dinoVmf, initialState(dinoVmf))
    const batch = randomBatch(dinoVmf)
    await step.step(batch, scheduleOf(0))
    const before = await step.read()
    // What is fed makes every logit infinite, and nothing else is wrong.
    const broken = await step.step(batch, scheduleOf(1, { teacherTemperature: 0 }))
    assert.equal(broken.moved, false)
    assert.ok(Object.values(broken.metrics).some((value) => !Number.isFinite(value)))
    assert.deepEqual(await step.read(), before)
    const next = await step.step(batch, scheduleOf(1))
    assert.ok(next.moved)
    assert.notDeepEqual(await step.read(), before)
    await step.dispose()
  })

  test(`two runs from the same state give the same bits on ${nameOf(engine)}`, async () => {
    const given = givenSteps(dinoVmf, 3)
    assert.deepEqual(await takeSteps(engine, dinoVmf, given), await takeSteps(engine, dinoVmf, given))
  })

  test(`a frozen last layer keeps weights and moments on ${nameOf(engine)}, bit for bit, while its teacher and all else move on`, async () => {
    const [first, second] = givenSteps(dinoVmf, 2)
    const frozen = { ...second!, freezeLastLayer: true, adamLastLayerStep: 1 }
    const [{ state: before }, { state: after }] = (await takeSteps(engine, dinoVmf, [first!, frozen])) as [
      TakenStep,
      TakenStep
    ]
    for (const part of ['student', 'adam.m', 'adam.v'])
      for (const name of ['weight_g', 'weight_v']) {
        const key = `${part}.head.last_layer.${name}`
        assert.deepEqual(after[key], before[key], key)
      }
    for (const key of ['teacher.head.last_layer.weight_v', 'student.head.mlp.4.weight', 'adam.v.backbone.norm.weight'])
      assert.notDeepEqual(after[key], before[key], key)
  })

  test(`a batch without a mask has no patch loss on ${nameOf(engine)}, and its patch layer gets no gradient`, async () => {
    const recipe = withOwnPatchLayer(ibotVmf)
    const [given] = givenSteps(recipe, 1)
    const [[masked], [bare]] = [
      await takeSteps(engine, recipe, [given!]),
      await takeSteps(engine, recipe, [{ ...given!, masks: new Uint8Array(given!.masks!.length) }])
    ]
    assert.ok(masked!.metrics['patch_loss']! > 0 && masked!.metrics['masked_share']! > 0)
    for (const name of ['patch_loss', 'masked_share', 'patch_teacher_entropy', 'patch_kl'])
      assert.equal(bare!.metrics[name], 0, name)
    assert.equal(bare!.metrics['loss'], bare!.metrics['cls_loss'])
    const moment = 'adam.m.head.last_layer2.weight_v'
    assert.ok(masked!.state[moment]!.some((value) => value !== 0))
    assert.ok(bare!.state[moment]!.every((value) => value === 0))
    assert.ok(bare!.state['adam.m.backbone.masked_embed']!.every((value) => value === 0))
    assert.deepEqual(bare!.state['center.patch'], masked!.state['center.patch'], 'the center averages all patches')
  })
}
