import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { exactly } from '../../../src/engine/ops/exactly.ts'
import { lowerProducts } from '../../../src/engine/passes/low-products.ts'
import type { Program } from '../../../src/engine/program.ts'
import { type Tensor, type Tensors, tf } from '../../../src/engine/tf.ts'
import type { GraphNode, LowType, WholeGraph } from '../../../src/engine/trace/graph.ts'
import { traceProgram } from '../../../src/engine/trace/trace.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { planOf } from '../../../src/training/step/plan.ts'
import { trainStepProgram } from '../../../src/training/step/program.ts'

const square = (name: string) => ({ name, shape: [4, 4], dtype: 'float32' }) as const
const program = (build: (inputs: Tensors) => Tensor): Program => ({
  name: 'products',
  inputs: [square('x'), square('w')],
  outputs: ['y'],
  build: (inputs) => ({ y: build(inputs) })
})
const matMul = (a: Tensor, b: Tensor): Tensor => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)

const lowered = (of: Program, type: LowType = 'bfloat16'): WholeGraph =>
  lowerProducts(traceProgram(of), { type, rounded: false })
const casts = ({ nodes }: WholeGraph, to: string): GraphNode[] =>
  nodes.filter(({ op, attributes }) => op === 'Cast' && 'type' in attributes['to']! && attributes['to'].type === to)

test('a weight is cast once, however many products take it', () => {
  const graph = lowered(program(({ x, w }) => matMul(tf.exp(matMul(x!, w!)), w!)))
  assert.equal(casts(graph, 'bfloat16').filter(({ inputs }) => inputs[0] === 'w').length, 1)
  assert.equal(casts(graph, 'bfloat16').length, 3)
})

test('between two products values move in the low type, without a cast to float32 and back', () => {
  const moved = program(({ x, w }) =>
    matMul(tf.transpose(tf.reshape(matMul(x!, w!), [4, 2, 2]), [1, 0, 2]).reshape([4, 4]), w!)
  )
  const graph = lowered(moved)
  assert.equal(casts(graph, 'bfloat16').length, 2)
  assert.equal(casts(graph, 'float32').length, 1)
})

test('products that are asked to be exact, and those with a constant, stay as they were', () => {
  const sums = program(({ x, w }) =>
    tf.add(
      matMul(tf.ones([4, 4]), x!),
      exactly(() => matMul(x!, w!))
    )
  )
  assert.deepEqual(lowered(sums), traceProgram(sums))
})

const PRODUCTS = new Set(['MatMul', 'FusedMatMul'])
const MOVES = new Set(['Reshape', 'Transpose', 'Split', 'Slice', 'Concat', 'Cast'])

/** Follows the low type through the graph. @returns the products that take and give it */
function checkedTypes({ nodes, outputs }: WholeGraph, type: LowType): number {
  const low = new Set<string>()
  let products = 0
  for (const node of nodes) {
    const lowInputs = node.inputs.filter((name) => low.has(name)).length
    if (node.op === 'Cast') {
      const to = node.attributes['to'] as { type: string }
      if (to.type === type) low.add(node.outputs[0]!)
      continue
    }
    if (lowInputs === 0) continue
    assert.ok(PRODUCTS.has(node.op) || MOVES.has(node.op), `${node.op} takes ${type}`)
    if (PRODUCTS.has(node.op)) {
      assert.equal(lowInputs, 2, `${node.op} takes two types`)
      products++
    }
    for (const output of node.outputs) low.add(output)
  }
  assert.ok(outputs.every(({ name }) => !low.has(name)))
  return products
}

for (const [method, type] of [
  ['dino-vmf', 'bfloat16'],
  ['dino', 'float16'],
  ['ibot-vmf', 'bfloat16']
] as const) {
  test(`in a step of ${method} only products and what lies between them are ${type}`, () => {
    const recipe = resolveRecipe({ preset: 'mu', method })
    const graph = lowered(trainStepProgram(planOf(recipe, type)), type)
    const all = graph.nodes.filter(({ op }) => PRODUCTS.has(op)).length
    const low = checkedTypes(graph, type)
    // Bias gradients are products with ones, positions are resampled by a constant: the rest is layers.
    assert.ok(low > all / 2 && low < all, `${low} of ${all}`)
    const sources = casts(graph, type).map(({ inputs }) => inputs[0])
    assert.equal(new Set(sources).size, sources.length, 'a value is cast twice')
  })
}

const bits = new DataView(new ArrayBuffer(4))
/** To the nearest bfloat16, ties to even. */
function bfloat16(value: number): number {
  bits.setFloat32(0, value)
  const word = bits.getUint32(0)
  bits.setUint32(0, (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000)
  return bits.getFloat32(0)
}

test('where the device cannot, operands and result are rounded to bfloat16 and the sum is float32', async () => {
  const loaded = await createEngine({ threads: 1, precision: 'bfloat16' }).load(
    program(({ x, w }) => matMul(x!, w!)),
    { mayRound: true }
  )
  const x = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1))
  const w = Float32Array.from({ length: 16 }, (_, i) => Math.cos(3 * i))
  const { y } = await loaded.run({ x, w })
  await loaded.dispose()
  y!.forEach((value, at) => {
    let sum = 0
    for (let k = 0; k < 4; k++) sum += bfloat16(x[4 * Math.floor(at / 4) + k]!) * bfloat16(w[4 * k + (at % 4)]!)
    // The order of a float32 sum can move a result that lies between two bfloat16 numbers to the other one.
    assert.ok(Math.abs(value - bfloat16(sum)) <= 2 ** -8 * Math.abs(sum) + 1e-7, `[${at}]: ${value} for ${sum}`)
    assert.equal(value, bfloat16(value))
  })
})

test('a program that does not allow it is computed in float32 whatever the engine’s precision', async () => {
  const build = program(({ x, w }) => matMul(x!, w!))
  const x = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1))
  const [exact, engine] = await Promise.all(
    (['float32', 'float16'] as const).map(async (precision) => {
      const loaded = await createEngine({ threads: 1, precision }).load(build)
      const outputs = await loaded.run({ x, w: x })
      await loaded.dispose()
      return outputs
    })
  )
  assert.deepEqual(engine, exact)
})
