/** Steps of fine-tuning against PyTorch's autograd and AdamW in float64: golden/finetune-step.json, by scripts/finetune_step.py. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import {
  classifyProgram,
  type FinetuneShape,
  finetuneParameters,
  finetuneState,
  finetuneStepProgram,
  momentOf,
  stepFeeds
} from '../../../src/probing/finetune-step.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { compileQuickly, withXla } from '../../helpers/xla.ts'
import { oraclePlan, oracleState, type ParameterRow, type Summary, u01 } from '../training/oracle.ts'

interface Golden {
  readonly batch: number
  readonly classes: number
  readonly label_smoothing: number
  readonly weight_decay: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly parameters: readonly ParameterRow[]
  readonly steps: readonly {
    readonly rate: number
    readonly stream: number
    readonly labels: readonly number[]
    readonly logits: readonly number[]
    readonly loss: number
    readonly gradients: Readonly<Record<string, Summary>>
    readonly after: Readonly<Record<string, Summary>>
  }[]
}

compileQuickly()

const FILE = new URL('../golden/finetune-step.json', import.meta.url)
const golden: Golden = JSON.parse(readFileSync(FILE, 'utf8'))

/**
 * float32 against float64; logits of about 1, gradients up to 1. Adam divides a gradient by its size: one of 1e-5 whose
 * rounding is 1e-8 of all gradients moves a weight by a thousandth of the rate more or less.
 */
const TOLERANCE = { loss: 5e-6, gradient: 2e-5, weight: 5e-6 }
/** A softmax cannot see the bias of keys: where a gradient is mathematically 0, rounding decides the sign of Adam's step. */
const LARGEST_STEP = 2 * golden.steps.reduce((sum, { rate }) => sum + rate, 0)

const { network } = oraclePlan('dino')
const normalization = { mean: golden.mean, std: golden.std }
const shape: FinetuneShape = { served: { network, normalization }, classes: golden.classes, batch: golden.batch }
const names = finetuneParameters(shape).map(({ name }) => name)

/** The numerators of `u01`, as bytes. */
const imagesOf = (stream: number): Uint8Array =>
  Uint8Array.from(
    { length: golden.batch * network.imageSize ** 2 * network.channels },
    (_, i) => Math.round(u01(i + 1, stream) * 10007) % 256
  )

const assertClose = (actual: number, expected: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} for ${expected}`)

function assertSummary(values: Float32Array, { norm, sum, first6 }: Summary, tolerance: number, what: string): void {
  // An error of one element moves the norm by at most itself, and the sum by at most the sum of all.
  const total = tolerance * Math.sqrt(values.length)
  assertClose(Math.hypot(...values), norm, total, `norm of ${what}`)
  const all = values.reduce((sum, value) => sum + value, 0)
  assertClose(all, sum, total, `sum of ${what}`)
  for (const [i, value] of first6.entries()) assertClose(values[i]!, value, tolerance, `${what}[${i}]`)
}

const begin = oracleState('dino', golden.parameters)
const firstState = Object.fromEntries([
  ...names.map((name) => [name, begin[`student.${name}`]!] as const),
  ...names.flatMap((name) =>
    (['m', 'v'] as const).map((m) => [momentOf(m, name), begin[`adam.${m}.${name}`]!] as const)
  )
])

test('every parameter of the fixture is trained, and no other', () => {
  assert.deepEqual(names.toSorted(), golden.parameters.map(({ name }) => name).toSorted())
})

for (const engine of await withXla(withTfjsNode([createEngine({ name: 'cpu' }), createEngine({ threads: 1 })]))) {
  test(`two steps of backbone and classifier are PyTorch's on the ${engine.name} engine`, async () => {
    const classify = await engine.load(classifyProgram(shape), {
      constants: Object.fromEntries(names.map((name) => [name, firstState[name]!]))
    })
    const { logits } = await classify.run({ images: imagesOf(golden.steps[0]!.stream) })
    await classify.dispose()
    for (const [i, value] of golden.steps[0]!.logits.entries())
      assertClose(logits![i]!, value, TOLERANCE.loss, `logit ${i}`)

    const held = finetuneState(shape).map(({ name }) => name)
    const stepping = await engine.loadStepping(finetuneStepProgram(shape), { held })
    const state = await engine.hold(finetuneState(shape), firstState)
    let before = await state.read()
    for (const [i, { rate, stream, labels, loss, gradients, after }] of golden.steps.entries()) {
      const settings = { labelSmoothing: golden.label_smoothing, weightDecay: golden.weight_decay }
      const given = { ...settings, images: imagesOf(stream), labels, learningRate: rate, step: i + 1 }
      const [outputs] = await stepping.step(state, [stepFeeds(golden.classes, given)])
      assertClose(outputs!['loss']![0]!, loss, TOLERANCE.loss, `loss of step ${i}`)
      const now = await state.read()
      for (const name of names) {
        const [old, m] = [before[momentOf('m', name)]!, now[momentOf('m', name)]!]
        const gradient = m.map((moment, k) => (moment - 0.9 * old[k]!) / 0.1)
        assertSummary(gradient, gradients[name]!, TOLERANCE.gradient, `gradient of ${name} in step ${i}`)
        const tolerance = name.endsWith('qkv.bias') ? LARGEST_STEP : TOLERANCE.weight
        assertSummary(now[name]!, after[name]!, tolerance, `${name} after step ${i}`)
      }
      before = now
    }
    await stepping.dispose()
    await state.dispose()
  })
}
