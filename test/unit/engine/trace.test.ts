import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnSums } from '../../../src/engine/ops/linear.ts'
import { normalizeForward } from '../../../src/engine/ops/normalize.ts'
import { join, pieceSizes, split } from '../../../src/engine/ops/pieces.ts'
import type { Program } from '../../../src/engine/program.ts'
import { tf } from '../../../src/engine/tf.ts'
import { FREE_BATCH } from '../../../src/engine/trace/graph.ts'
import { traceProgram } from '../../../src/engine/trace/trace.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { METHODS } from '../../../src/recipe/schema.ts'
import { planOf } from '../../../src/training/step/plan.ts'
import { trainStepProgram } from '../../../src/training/step/program.ts'

const rows: Program = {
  name: 'rows',
  inputs: [{ name: 'x', shape: [-1, 3], dtype: 'float32' }],
  outputs: ['y', 'best', 'again'],
  build: ({ x }) => {
    const { value, inverseDeviation } = normalizeForward(x!, 1e-6)
    const y = tf.mul(value, inverseDeviation)
    return { y, best: tf.cast(tf.argMax(y, 1), 'float32'), again: x! }
  }
}

test('a graph knows shape and type of every value, with the batch as a factor where it is free', () => {
  const { values, nodes } = traceProgram(rows)
  const shapeOf = (name: string) => values.get(name)?.shape
  assert.deepEqual(
    [shapeOf('x'), shapeOf('y'), shapeOf('again')],
    [
      [FREE_BATCH, 3],
      [FREE_BATCH, 3],
      [FREE_BATCH, 3]
    ]
  )
  assert.deepEqual(shapeOf('best'), [FREE_BATCH])
  const [, , deviation] = nodes.find(({ op }) => op === 'LayerNormalization')!.outputs
  assert.deepEqual(shapeOf(deviation!), [FREE_BATCH, 1])
  const index = nodes.find(({ op }) => op === 'ArgMax')!.outputs[0]!
  assert.equal(values.get(index)!.type, 'int64')
})

for (const method of METHODS) {
  test(`of every value that a step of ${method} names, the graph knows what it is`, () => {
    const program = trainStepProgram(planOf(resolveRecipe({ preset: 'mu', method })))
    for (const fuses of [false, true]) {
      const { values, nodes, outputs, inputs, initializers } = traceProgram(program, { fuses })
      for (const { op, inputs: taken, outputs: given } of nodes) {
        for (const name of [...taken, ...given]) assert.equal(values.get(name)?.name, name, `${name} of ${op}`)
      }
      for (const { name, shape, type } of [...inputs, ...outputs, ...initializers]) {
        assert.deepEqual(values.get(name), { name, shape, type })
      }
    }
  })
}

const wide: Program = {
  name: 'wide',
  inputs: [{ name: 'x', shape: [4000, 800], dtype: 'float32' }],
  outputs: ['y', 'sums'],
  build: ({ x }) => ({ y: join(split(x!, pieceSizes(4000, 800)).map((piece) => tf.exp(piece))), sums: columnSums(x!) })
}

test('who fuses gets a program in one piece, and others in pieces that stay in a cache', () => {
  const pieces = (fuses: boolean) => traceProgram(wide, { fuses }).nodes.filter(({ op }) => op === 'Exp').length
  assert.deepEqual([pieces(true), pieces(false)], [1, 4])
})

test('sums of columns are a product with a row of ones, with eight where tensor cores would take as many', () => {
  const rowsOfOnes = (fuses: boolean) => {
    const { nodes, values } = traceProgram(wide, { fuses })
    const [ones] = nodes.find(({ op }) => op === 'MatMul')!.inputs
    return values.get(ones!)!.shape
  }
  assert.deepEqual(rowsOfOnes(false), [1, 4000])
  assert.deepEqual(rowsOfOnes(true), [8, 4000])
})
