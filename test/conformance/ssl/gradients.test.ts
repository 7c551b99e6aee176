import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Outputs } from '../../../src/engine/engine.ts'
import { activate, SWIGLU } from '../../../src/engine/ops/activation.ts'
import { gelu } from '../../../src/engine/ops/gelu.ts'
import { layerNorm } from '../../../src/engine/ops/layer-norm.ts'
import { linear } from '../../../src/engine/ops/linear.ts'
import { takeRows } from '../../../src/engine/ops/take-rows.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import type { Network } from '../../../src/recipe/network.ts'
import { attend, attendClass } from '../../../src/ssl/attention.ts'
import { backboneOf } from '../../../src/ssl/backbone.ts'
import { classRows, type TokenView } from '../../../src/ssl/blocks.ts'
import { dinoLoss } from '../../../src/ssl/dino-loss.ts'
import { foldAttention, foldNorm } from '../../../src/ssl/fold.ts'
import { unitRows } from '../../../src/ssl/head.ts'
import { feedForward } from '../../../src/ssl/mlp.ts'
import { backboneParameters } from '../../../src/ssl/parameters.ts'
import { patchLoss } from '../../../src/ssl/patch-loss.ts'
import { logNormalizers, prototypesOf } from '../../../src/ssl/prototypes.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'
import { gradientProgram, normalFeeds, type Shapes } from './numbers.ts'

interface Case {
  readonly shapes: Shapes
  readonly f: (inputs: Record<string, Tensor>) => Tensor
}

const NORM = { normWeight: [6], normBias: [6] }
const norm = (inputs: Record<string, Tensor>) => ({ weight: inputs['normWeight']!, bias: inputs['normBias']! })
const affine = (inputs: Record<string, Tensor>) => ({ weight: inputs['weight']!, bias: inputs['bias']! })
const ATTENTION = { x: [10, 6], ...NORM, weight: [18, 6], bias: [18], w2: [6, 6], b2: [6] }

const layers = (inputs: Record<string, Tensor>) => ({
  widen: foldNorm(norm(inputs), affine(inputs)),
  narrow: { weight: inputs['w2']!, bias: inputs['b2']! }
})

/** Attention and projection, with what is folded from one into the other. */
function attention(inputs: Record<string, Tensor>, of: typeof attend): Tensor {
  const projection = { weight: inputs['w2']!, bias: inputs['b2']! }
  const folded = foldAttention(norm(inputs), affine(inputs), { projection, heads: 3 })
  return linear(of(inputs['x']!, folded, { tokens: 5, heads: 3 }), folded.projection.weight, folded.projection.bias)
}

const NETWORK: Network = {
  dim: 6,
  depth: 2,
  heads: 3,
  mlpRatio: 2,
  patchSize: 2,
  channels: 1,
  imageSize: 4,
  headHiddenDim: 4,
  bottleneckDim: 4,
  prototypes: 4
}
const ofBlocks = backboneParameters(NETWORK).filter(({ name }) => name.startsWith('backbone.blocks.'))
const KEEPS = [1, 0, 1.25, 2, 0, 1]

/**
 * Two images with five tokens and three with eight, through two blocks with dropped branches: op by op with what can be
 * folded into weights, plainly and with all tokens side by side where the engine fuses, which takes tokens by eights.
 */
const blocksCase = (leaving: readonly [TokenView['leaving'], TokenView['leaving']]): Case => ({
  shapes: { large: [10, 6], small: [24, 6], ...Object.fromEntries(ofBlocks.map(({ name, shape }) => [name, shape])) },
  f: (inputs) => {
    // Of normal numbers the softmax would see one key only.
    const parameters = Object.fromEntries(ofBlocks.map(({ name }) => [name, tf.mul(inputs[name]!, 0.5)]))
    const view = (name: string, of: Omit<TokenView, 'rows' | 'keeps'>): TokenView => ({
      ...of,
      rows: inputs[name]!,
      keeps: [undefined, undefined, ...[0, 1].map((branch) => tf.tensor1d(KEEPS.slice(branch, branch + of.batch)))]
    })
    const { blocks } = backboneOf(NETWORK, parameters)
    const views = [
      view('large', { tokens: 5, batch: 2, leaving: leaving[0] }),
      view('small', { tokens: 8, batch: 3, leaving: leaving[1] })
    ]
    return tf.concat(blocks.through(views))
  }
})

const CASES: Readonly<Record<string, Case>> = {
  'blocks that only class tokens leave': blocksCase(['class', 'class']),
  'blocks that all tokens of one size leave': blocksCase(['all', 'class']),
  'blocks that all tokens leave': blocksCase(['all', 'all']),
  gelu: { shapes: { x: [4, 5] }, f: ({ x }) => gelu(x!) },
  linear: { shapes: { x: [4, 5], w: [3, 5], b: [3] }, f: ({ x, w, b }) => linear(x!, w!, b!) },
  'layer normalization': {
    shapes: { x: [4, 6], w: [6], b: [6] },
    f: ({ x, w, b }) => layerNorm(x!, { weight: w!, bias: b!, epsilon: 1e-6 })
  },
  'attention of all tokens': { shapes: ATTENTION, f: (inputs) => attention(inputs, attend) },
  'attention of the class token': { shapes: ATTENTION, f: (inputs) => attention(inputs, attendClass) },
  'feed-forward': {
    shapes: { x: [4, 6], ...NORM, weight: [12, 6], bias: [12], w2: [6, 12], b2: [6] },
    f: (inputs) => feedForward(inputs['x']!, layers(inputs))
  },
  'gated feed-forward': {
    shapes: { x: [4, 6], ...NORM, weight: [16, 6], bias: [16], w2: [6, 8], b2: [6] },
    f: (inputs) => feedForward(inputs['x']!, { ...layers(inputs), activation: SWIGLU })
  },
  'SwiGLU of a fusing engine': { shapes: { x: [4, 6] }, f: ({ x }) => activate(SWIGLU, x!) },
  'unit rows': { shapes: { x: [4, 5] }, f: ({ x }) => unitRows(x!) },
  'weight norm': {
    shapes: { g: [5, 1], v: [5, 3] },
    f: ({ g, v }) => prototypesOf({ 'head.last_layer.weight_g': g!, 'head.last_layer.weight_v': v! }).weight
  },
  'log normalizer': {
    shapes: { g: [7] },
    f: ({ g }) => logNormalizers({ norm: tf.square(g!), weight: tf.zeros([7, 32]) }, tf.scalar(8))
  },
  'chosen rows': {
    shapes: { x: [6, 4] },
    f: ({ x }) => {
      // The last place only fills up, with a row that another place really takes.
      const rows = tf.tensor1d([4, 1, 0, 0], 'int32')
      const taken = takeRows(x!, { rows, places: tf.tensor1d([2, 1, 4, 4, 0, 4], 'int32') })
      return tf.mul(taken, tf.tensor2d([1, 1, 1, 0], [4, 1]))
    }
  },
  'loss over hidden patches': {
    shapes: { logits: [5, 7] },
    f: ({ logits }) => {
      const teacher = tf.softmax(tf.tensor(normalFeeds({ teacher: [5, 7] }, 5)['teacher']!, [5, 7]))
      return patchLoss({ logits: logits!, teacher, weights: tf.tensor1d([0.5, 0.25, 0.25, 1, 0]) })
    }
  },
  'multi-crop loss': {
    shapes: { student: [6, 3, 7] },
    f: ({ student }) => {
      const teacher = tf.softmax(tf.tensor(normalFeeds({ teacher: [2, 3, 7] }, 5)['teacher']!, [2, 3, 7]))
      return dinoLoss({ student: student!, teacher }).loss
    }
  }
}

// Of the largest element: the engines hold about 7 digits and sum a few dozen terms.
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

function assertSameOutputs(actual: Outputs, expected: Outputs, engine: string): void {
  for (const [output, values] of Object.entries(expected)) {
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
    values.forEach((value, i) => {
      const difference = Math.abs(value - actual[output]![i]!)
      assert.ok(difference <= ENGINES_AGREE * scale, `${engine}, ${output}[${i}]: ${difference}`)
    })
  }
}

const engines = await withXla(withTfjsNode([createEngine({ threads: 1 })]))

for (const [name, { shapes, f }] of Object.entries(CASES)) {
  test(`${name}: the gradient is that of finite differences, on all engines alike`, async () => {
    const feeds = normalFeeds(shapes)
    const direction = normalFeeds(shapes, 2)
    const eager = await createEngine({ name: 'cpu' }).load(gradientProgram(shapes, f))
    const expected = await eager.run(feeds)
    for (const engine of engines) {
      const program = await engine.load(gradientProgram(shapes, f))
      assertSameOutputs(await program.run(feeds), expected, engine.name)
      await program.dispose()
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
  })
}

test('attention of the class token is the first row of attention of all', async () => {
  const program = (of: typeof attend) =>
    gradientProgram(ATTENTION, (inputs) => classRows(attention(inputs, of), of === attend ? 5 : 1))
  const outputs = await Promise.all(
    [attend, attendClass].map(async (of) =>
      (await createEngine({ name: 'cpu' }).load(program(of))).run(normalFeeds(ATTENTION))
    )
  )
  for (const [name, values] of Object.entries(outputs[0]!))
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - outputs[1]![name]![i]!) < 2e-4, `${name}[${i}]`)
    })
})

test('feed-forward in pieces is feed-forward, and its gradient', async () => {
  // 1200 rows of 2048 are three pieces; each of the 12 rows taken alone is one.
  const shapes = { x: [1200, 6], ...NORM, weight: [2048, 6], bias: [2048], w2: [6, 2048], b2: [6] }
  const feeds = normalFeeds(shapes)
  const load = (of: (inputs: Record<string, Tensor>) => Tensor) => createEngine().load(gradientProgram(shapes, of))
  const whole = (inputs: Record<string, Tensor>) => {
    const both = layers(inputs)
    return tf.concat(tf.split(inputs['x']!, 12, 0).map((rows) => feedForward(rows, both)))
  }
  const pieces = await load((inputs) => feedForward(inputs['x']!, layers(inputs)))
  const each = await load(whole)
  const [actual, expected] = [await pieces.run(feeds), await each.run(feeds)]
  for (const [name, values] of Object.entries(expected)) {
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - actual[name]![i]!) <= ENGINES_AGREE * scale, `${name}[${i}]`)
    })
  }
  await pieces.dispose()
  await each.dispose()
})
