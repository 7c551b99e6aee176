import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine, Outputs } from '../../../src/engine/engine.ts'
import { tf } from '../../../src/engine/tf.ts'
import { packState, unpackState } from '../../../src/training/step/flat-state.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'
import {
  golden,
  type OracleStep,
  oracleFeeds,
  oraclePlan,
  oracleProgram,
  oracleState,
  u01,
  type VariantName
} from './oracle.ts'

/**
 * The oracle is float64, the engines are float32. Largest differences seen on any engine, then the bound:
 * the loss is a mean of logits around 10, so 1e-6 of it is rounding; gradients reach 1 and sum a few hundred terms;
 * Adam's first step is lr · sign(gradient), so where a gradient is mathematically 0 (the bias of keys, which a softmax
 * cannot see) rounding decides the sign and a weight may differ by 2 lr. iBOT adds a second mean of the same kind to the loss.
 */
const TOLERANCE = { loss: 5e-6, center: 1e-5, gradient: 2e-5, weight: 2e-6 }
const LARGEST_STEP = 2 * (golden.config.lr[0] + golden.config.lr[1])

const VARIANTS: readonly VariantName[] = ['dino', 'dino_unnorm', 'dino_vmf', 'ibot', 'ibot_vmf']
const ENGINES = await withXla(withTfjsNode([createEngine(), createEngine({ name: 'cpu' })]))

const flatten = (values: unknown): number[] => (values as number[]).flat(Number.POSITIVE_INFINITY) as number[]

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: { tolerance: number; what: string }
): void {
  assert.equal(actual.length, expected.length, bound.what)
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!)
    assert.ok(difference <= bound.tolerance, `${bound.what}[${i}]: ${actual[i]} for ${expected[i]}`)
  }
}

interface Expected {
  readonly norm: number
  readonly sum: number
  readonly first6: readonly number[]
}

function assertSummary(values: Float32Array, expected: Expected, bound: { tolerance: number; what: string }): void {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  const sum = values.reduce((total, value) => total + value, 0)
  // An error of one element moves the norm by at most itself, and the sum by at most the sum of all.
  const total = { ...bound, tolerance: bound.tolerance * Math.sqrt(values.length) }
  assertClose([norm], [expected.norm], { ...total, what: `norm of ${bound.what}` })
  assertClose([sum], [expected.sum], { ...total, what: `sum of ${bound.what}` })
  assertClose(values.slice(0, 6), expected.first6, bound)
}

/** The clipped gradient, from the first moment: m = 0.9 m + 0.1 g. */
function clippedGradient(after: Float32Array, before: Float32Array): Float32Array {
  return after.map((m, i) => (m - 0.9 * before[i]!) / 0.1)
}

function checkGradients(step: OracleStep, after: Outputs, before: Readonly<Record<string, Float32Array>>): void {
  for (const [name, { norm, sum, first6 }] of Object.entries(step.grad_summary)) {
    const coefficient = step.clip_coefficients[name]!
    const gradient = clippedGradient(after[`adam.m.${name}`]!, before[`adam.m.${name}`]!)
    const expected = { norm: norm * coefficient, sum: sum * coefficient, first6: first6.map((g) => g * coefficient) }
    assertSummary(gradient, expected, { tolerance: TOLERANCE.gradient, what: `gradient of ${name}` })
  }
  const full: Record<string, string> = {
    grad_last_layer_weight_v: 'head.last_layer.weight_v',
    grad_last_layer_weight_g: 'head.last_layer.weight_g',
    'grad_backbone.blocks.0.attn.proj.weight': 'backbone.blocks.0.attn.proj.weight',
    'grad_backbone.pos_embed': 'backbone.pos_embed'
  }
  for (const [key, name] of Object.entries(full)) {
    if (!(key in step)) continue
    const gradient = clippedGradient(after[`adam.m.${name}`]!, before[`adam.m.${name}`]!)
    const expected = flatten(step[key]).map((value) => value * step.clip_coefficients[name]!)
    assertClose(gradient, expected, { tolerance: TOLERANCE.gradient, what: `gradient of ${name}` })
  }
}

function checkWeights(step: OracleStep, state: Readonly<Record<string, Float32Array>>): void {
  for (const network of ['student', 'teacher'] as const) {
    for (const [name, expected] of Object.entries(step[`${network}_after`])) {
      const tolerance = name.endsWith('qkv.bias') ? LARGEST_STEP : TOLERANCE.weight
      assertSummary(state[`${network}.${name}`]!, expected, { tolerance, what: `${network} ${name}` })
    }
    for (const name of ['weight_g', 'weight_v']) {
      const expected = flatten(step[`${network}_after_${name}`])
      const bound = { tolerance: TOLERANCE.weight, what: `${network} ${name}` }
      assertClose(state[`${network}.head.last_layer.${name}`]!, expected, bound)
    }
  }
}

test('the formula of the oracle gives its published examples', () => {
  for (const [n, stream, value] of golden.generator.u01_examples) assert.ok(Math.abs(u01(n, stream) - value) < 1e-9)
})

interface Case {
  readonly engine: Engine
  readonly flat: boolean
}
/** Engines that fuse keep one matrix always. */
const CASES: readonly Case[] = ENGINES.flatMap((engine) => [
  ...(engine.fuses ? [] : [{ engine, flat: false }]),
  { engine, flat: true }
])

for (const variant of VARIANTS) {
  for (const { engine, flat } of CASES) {
    const parameters = flat ? 'parameters in one matrix' : 'parameters apart'
    test(`two full steps of ${variant} with ${parameters} on the ${engine.name} engine agree with PyTorch`, async () => {
      const tensorsBefore = tf.memory().numTensors
      const plan = oraclePlan(variant, { flat })
      const program = await engine.load(oracleProgram(plan))
      try {
        let state: Readonly<Record<string, Float32Array>> = oracleState(variant)
        for (const i of [0, 1] as const) {
          const step = golden.variants[variant].steps[i]!
          const begin = packState(plan, state)
          const outputs = await program.run({ ...begin, ...oracleFeeds(variant, i) })
          const next = unpackState(plan, { ...begin, ...outputs })
          assertClose([outputs['loss']![0]!], [step.loss], { tolerance: TOLERANCE.loss, what: `loss of step ${i}` })
          for (const token of golden.variants[variant].flags.ibot ? ['cls', 'patch'] : ['cls']) {
            const center = flatten(step.intermediates[`center_${token}_after`])
            assertClose(outputs[`center.${token}`]!, center, { tolerance: TOLERANCE.center, what: `${token} center` })
          }
          for (const part of ['cls', 'patch']) {
            const expected = step.intermediates[`loss_${part}`]
            if (expected === undefined) continue
            const bound = { tolerance: TOLERANCE.loss, what: `${part} loss of step ${i}` }
            assertClose(outputs[`${part}_loss`]!, [expected as unknown as number], bound)
          }
          checkGradients(step, next, state)
          state = next
          checkWeights(step, state)
        }
      } finally {
        await program.dispose()
      }
      assert.equal(tf.memory().numTensors, tensorsBefore, 'no tensor is left behind')
    })
  }
}
