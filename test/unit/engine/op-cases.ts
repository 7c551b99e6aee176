/** Every op that a traced graph can have, as functions of one tensor [2, 3, 4]: what engines are held against each other on. */
import { choose, isFiniteScalar } from '../../../src/engine/ops/choose.ts'
import { runFused } from '../../../src/engine/ops/fused.ts'
import { geluAgain, geluForward } from '../../../src/engine/ops/gelu.ts'
import { columnSums, product } from '../../../src/engine/ops/linear.ts'
import { normalizeForward } from '../../../src/engine/ops/normalize.ts'
import { ownedSums } from '../../../src/engine/ops/owned-sums.ts'
import { sumSquares } from '../../../src/engine/ops/sum-squares.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { traceBackend as trace } from '../../../src/engine/trace/backend.ts'
import type { Attributes } from '../../../src/engine/trace/graph.ts'

type Op = (x: Tensor) => Tensor

const matrix = (x: Tensor): Tensor => tf.reshape(x, [6, 4])
const float = (x: Tensor): Tensor => tf.cast(x, 'float32')
const places = (...of: number[]): tf.Tensor1D => tf.tensor1d(of, 'int32')
const all = (...parts: Tensor[]): Tensor => tf.concat(parts.map((part) => tf.reshape(part, [-1])))

/** A node that TensorFlow.js has no way to ask for, of one input and one output of its shape. */
const nodeOf =
  (op: string, attributes: Attributes, eager: Op): Op =>
  (x) =>
    runFused(
      {
        trace: ([input]) => [trace.emit(op, [trace.name(input!)], input!.shape, { attributes })],
        eager: () => [eager(x)]
      },
      [x],
      null
    )[0]!

const ELEMENTWISE: Record<string, Op> = {
  nothing: (x) => x,
  arithmetic: (x) => tf.div(tf.sub(tf.mul(x, 3), tf.neg(x)), tf.add(tf.square(x), 1)),
  'arithmetic of a scalar on the left': (x) => tf.div(2, tf.sub(5, x)),
  'operands that broadcast': (x) =>
    tf.mul(tf.sub(tf.slice(x, [0, 0, 0], [1, 3, 1]), x), tf.add(x, tf.tensor1d([1, -2, 3, 0.5]))),
  extremes: (x) => tf.minimum(tf.maximum(x, -0.5), tf.abs(x)),
  exponentials: (x) => tf.add(tf.exp(x), tf.log(tf.add(tf.square(x), 1))),
  roots: (x) => tf.add(tf.sqrt(tf.square(x)), tf.rsqrt(tf.add(tf.square(x), 1))),
  'logistic function': (x) => tf.sigmoid(tf.mul(x, 40)),
  'special functions': (x) => tf.add(tf.erf(x), tf.atanh(tf.mul(x, 0.2))),
  'the inverse of tanh near 0 and near 1': (x) =>
    all(tf.mul(tf.atanh(tf.mul(x, 1e-5)), 1e5), tf.atanh(tf.mul(x, 0.499))),
  reciprocal: (x) => tf.reciprocal(tf.add(tf.square(x), 2)),
  sign: (x) => tf.sign(x),
  GELU: geluForward,
  'GELU and its slope': (x) => all(...Object.values(geluAgain(x))),
  'a line between limits': nodeOf('HardSigmoid', { alpha: { float: 0.4 }, beta: { float: 0.3 } }, (x) =>
    tf.minimum(tf.maximum(tf.add(tf.mul(x, 0.4), 0.3), 0), 1)
  ),
  'casts toward 0': (x) => float(tf.cast(tf.mul(x, 3), 'int32')),
  fill: (x) => tf.add(x, tf.fill([4], 0.25)),
  'constants as they are': (x) => tf.mul(tf.tensor1d([1e-30, 3e38, Number.POSITIVE_INFINITY, -1 / 3]), x)
}

/** x, while it is finite, else −x. */
const whileFinite = (measure: Tensor, x: Tensor): Tensor => choose(isFiniteScalar(measure), x, tf.neg(x))

const CHOICES: Record<string, Op> = {
  'a choice that one number makes': (x) =>
    all(
      whileFinite(tf.sum(tf.square(x)), x),
      whileFinite(tf.exp(tf.sum(tf.mul(tf.square(x), 100))), x),
      // No number at all.
      whileFinite(tf.sqrt(tf.neg(tf.sum(tf.square(x)))), x)
    ),
  'whether a number is finite': (x) =>
    tf.add(float(isFiniteScalar(tf.sum(tf.abs(x)))), float(isFiniteScalar(tf.div(1, tf.sub(tf.sum(x), tf.sum(x)))))),
  'sums of the rows of each owner': (x) => ownedSums(tf.sum(matrix(x), 1), places(0, 0, 0, 1, 3, 3), 4)
}

const REDUCTIONS: Record<string, Op> = {
  sum: (x) => tf.sum(x, [0, 2]),
  'sum that keeps its axes': (x) => tf.sub(x, tf.sum(x, [0, 1], true)),
  'sum of all': (x) => tf.sum(x),
  mean: (x) => tf.mean(x, -1, true),
  'mean over two axes': (x) => tf.mean(x, [0, 1]),
  max: (x) => tf.max(x, 1),
  'max of negative numbers': (x) => all(tf.max(tf.sub(x, 9), 2, true), tf.max(tf.sub(x, 9))),
  'sum of squares': sumSquares,
  'the first of the largest': (x) => float(all(tf.argMax(x, 2), tf.argMax(tf.sign(x), 1), tf.argMax(tf.sub(x, x), 0))),
  softmax: (x) => tf.softmax(tf.mul(x, 50)),
  'softmax over another axis': nodeOf('Softmax', { axis: { int: 1 } }, (x) =>
    tf.div(tf.exp(x), tf.sum(tf.exp(x), 1, true))
  ),
  'log softmax': (x) => tf.logSoftmax(tf.mul(x, 50)),
  'log softmax over another axis': nodeOf('LogSoftmax', { axis: { int: 0 } }, (x) =>
    tf.sub(x, tf.log(tf.sum(tf.exp(x), 0, true)))
  ),
  normalization: (x) => all(...Object.values(normalizeForward(x, 0.3))),
  'normalization with weights': (x) => {
    const weight = tf.tensor1d([2, -1, 0.5, 3])
    const column = [2, 3, 1]
    const attributes = { axis: { int: -1 }, epsilon: { float: 0.3 } }
    const [mean, deviation] = [tf.mean(x, -1, true), tf.sqrt(tf.add(tf.moments(x, -1, true).variance, 0.3))]
    return all(
      ...runFused(
        {
          trace: (inputs) => {
            const names = inputs.map((input) => trace.name(input))
            const outputs = trace.graph.node('LayerNormalization', names, { attributes, count: 3 })
            return outputs.map((name, i) => trace.info(name, i === 0 ? x.shape : column))
          },
          eager: () => [tf.mul(tf.div(tf.sub(x, mean), deviation), weight), mean, tf.div(1, deviation)]
        },
        [x, weight],
        null
      )
    )
  }
}

const MOVES: Record<string, Op> = {
  transpose: (x) => tf.transpose(x, [2, 0, 1]),
  reshape: (x) => tf.reshape(x, [6, -1]),
  slice: (x) => tf.slice(x, [0, 1, 2], [-1, 2, 1]),
  'the last elements': (x) => tf.slice(x, [1, 2, 1], [-1, -1, -1]),
  pad: (x) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
      [3, 1]
    ]),
  split: (x) => tf.concat(tf.split(x, [1, 3], 2).reverse(), 2),
  'split in three, and joined another way': (x) => {
    const [a, b, c] = tf.split(x, 3, 1)
    return tf.concat([b!, c!, a!, b!], 1)
  },
  tile: (x) => tf.tile(x, [3, 1, 2]),
  'rows by their places': (x) => tf.gather(matrix(x), places(5, 0, 0, 3)),
  'columns by their places': (x) => tf.gather(x, places(2, 0, 1, 2, 2), 1),
  'places in a matrix': (x) => tf.gather(x, tf.tensor2d([3, 1, 0, 0, 2, 3], [2, 3], 'int32'), 2),
  'whole numbers': (x) => float(tf.slice(tf.concat([tf.argMax(x, 2), tf.argMax(tf.neg(x), 2)], 1), [0, 2], [2, 3]))
}

const PRODUCTS: Record<string, Op> = {
  'products of batches': (x) => tf.matMul(x, x, false, true),
  'products of batches, the other way': (x) => tf.matMul(x, x, true, false),
  'products of batches, both ways': (x) => tf.matMul(tf.reshape(x, [2, 4, 3]), x, true, true),
  'products of batches with one matrix for all': (x) => {
    const one = tf.reshape(tf.slice(x, [1, 0, 0], [1, 3, 4]), [1, 4, 3])
    return all(tf.matMul(x, one), tf.matMul(one, x))
  },
  'products of matrices': (x) => tf.matMul(tf.matMul(matrix(x), matrix(x), true, false), matrix(x), false, true),
  'products of rows with weights': (x) =>
    all(product(matrix(x), matrix(x), { transposeB: true }), product(matrix(x), tf.reshape(x, [4, 6]))),
  'sums of columns': (x) => columnSums(matrix(x))
}

export const OP_CASES: Readonly<Record<string, Op>> = {
  ...ELEMENTWISE,
  ...CHOICES,
  ...REDUCTIONS,
  ...MOVES,
  ...PRODUCTS
}
