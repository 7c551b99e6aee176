import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Outputs } from '../../../src/engine/engine.ts'
import { gelu } from '../../../src/engine/ops/gelu.ts'
import { layerNorm } from '../../../src/engine/ops/layer-norm.ts'
import { linear } from '../../../src/engine/ops/linear.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { attend } from '../../../src/ssl/attention.ts'
import { dinoLoss } from '../../../src/ssl/dino-loss.ts'
import { unitRows } from '../../../src/ssl/head.ts'
import { feedForward, foldNorm } from '../../../src/ssl/mlp.ts'
import { logNormalizers, prototypesOf } from '../../../src/ssl/prototypes.ts'
import { gradientProgram, normalFeeds, type Shapes } from './numbers.ts'

interface Case {
  readonly shapes: Shapes
  readonly f: (inputs: Record<string, Tensor>) => Tensor
}

const NORM = { normWeight: [6], normBias: [6] }
const folded = (inputs: Record<string, Tensor>) =>
  foldNorm(
    { weight: inputs['normWeight']!, bias: inputs['normBias']! },
    { weight: inputs['weight']!, bias: inputs['bias']! }
  )

const CASES: Readonly<Record<string, Case>> = {
  gelu: { shapes: { x: [4, 5] }, f: ({ x }) => gelu(x!) },
  linear: { shapes: { x: [4, 5], w: [3, 5], b: [3] }, f: ({ x, w, b }) => linear(x!, w!, b!) },
  'layer normalization': {
    shapes: { x: [4, 6], w: [6], b: [6] },
    f: ({ x, w, b }) => layerNorm(x!, { weight: w!, bias: b!, epsilon: 1e-6 })
  },
  'attention of all tokens': {
    shapes: { x: [10, 6], ...NORM, weight: [18, 6], bias: [18] },
    f: (inputs) => attend(inputs['x']!, folded(inputs), { tokens: 5, heads: 3, queries: 5 })
  },
  'attention of the class token': {
    shapes: { x: [10, 6], ...NORM, weight: [18, 6], bias: [18] },
    f: (inputs) => attend(inputs['x']!, folded(inputs), { tokens: 5, heads: 2, queries: 1 })
  },
  'feed-forward': {
    shapes: { x: [4, 6], ...NORM, weight: [12, 6], bias: [12], w2: [6, 12], b2: [6] },
    f: (inputs) => feedForward(inputs['x']!, folded(inputs), { weight: inputs['w2']!, bias: inputs['b2']! })
  },
  'unit rows': { shapes: { x: [4, 5] }, f: ({ x }) => unitRows(x!) },
  'weight norm': {
    shapes: { g: [5, 1], v: [5, 3] },
    f: ({ g, v }) => prototypesOf({ 'head.last_layer.weight_g': g!, 'head.last_layer.weight_v': v! }).weight
  },
  'log normalizer': {
    shapes: { g: [7] },
    f: ({ g }) => logNormalizers({ norm: tf.square(g!), weight: tf.zeros([7, 32]) }, tf.scalar(8))
  },
  'multi-crop loss': {
    shapes: { global: [2, 3, 7], local: [4, 3, 7] },
    f: ({ global, local }) => {
      const teacher = tf.softmax(tf.tensor(normalFeeds({ teacher: [2, 3, 7] }, 5)['teacher']!, [2, 3, 7]))
      return dinoLoss({ global: global!, local: local!, teacher }).loss
    }
  }
}

// Both engines hold about 7 digits and sum a few dozen terms of size 1.
const ENGINES_AGREE = 2e-5
// Central differences at this step and half of it, extrapolated: curvature cancels to the fourth order, and rounding of
// sums around 100 leaves 1e-3.
const STEP = 1e-2
const DIFFERENCES_AGREE = 3e-3

function moved(feeds: Outputs, direction: Outputs, by: number): Outputs {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, values]) => [name, values.map((value, i) => value + by * direction[name]![i]!)])
  )
}

for (const [name, { shapes, f }] of Object.entries(CASES)) {
  test(`${name}: the gradient is that of finite differences, on both engines alike`, async () => {
    const feeds = normalFeeds(shapes)
    const direction = normalFeeds(shapes, 2)
    const eager = await createEngine({ name: 'cpu' }).load(gradientProgram(shapes, f))
    const traced = await createEngine({ threads: 1 }).load(gradientProgram(shapes, f))
    const [expected, actual] = [await eager.run(feeds), await traced.run(feeds)]
    for (const [output, values] of Object.entries(expected)) {
      values.forEach((value, i) => {
        const difference = Math.abs(value - actual[output]![i]!)
        assert.ok(difference <= ENGINES_AGREE * Math.max(1, Math.abs(value)), `${output}[${i}]: ${difference}`)
      })
    }

    const at = async (by: number) => (await eager.run(moved(feeds, direction, by)))['sum']![0]!
    const difference = async (step: number) => ((await at(step)) - (await at(-step))) / (2 * step)
    const numeric = (4 * (await difference(STEP / 2)) - (await difference(STEP))) / 3
    const analytic = Object.keys(shapes).reduce(
      (sum, input) => sum + expected[`d.${input}`]!.reduce((dot, g, i) => dot + g * direction[input]![i]!, 0),
      0
    )
    const scale = Math.max(1, Math.abs(analytic))
    assert.ok(Math.abs(numeric - analytic) <= DIFFERENCES_AGREE * scale, `${numeric} by differences, ${analytic} by us`)
    await traced.dispose()
  })
}
