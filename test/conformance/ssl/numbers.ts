/** Deterministic inputs and programs for the checks beside it. */
import type { Program } from '../../../src/engine/program.ts'
import { elementCount } from '../../../src/engine/tensor-spec.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { prng } from '../../../src/math/prng.ts'

export type Shapes = Readonly<Record<string, readonly number[]>>

/** Standard normal values, a function of the name's place and the seed. */
export function normalFeeds(shapes: Shapes, seed = 1): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], stream) => {
      const random = prng(seed, stream)
      return [name, Float32Array.from({ length: elementCount(shape) }, () => random.normal())]
    })
  )
}

/** y and, as `d.<input>`, the gradient of Σ weights ∘ y, so that every element of y counts differently. */
export function gradientProgram(shapes: Shapes, f: (inputs: Record<string, Tensor>) => Tensor): Program {
  const names = Object.keys(shapes)
  return {
    name: 'gradient-check',
    inputs: names.map((name) => ({ name, shape: shapes[name]!, dtype: 'float32' })),
    outputs: ['sum', ...names.map((name) => `d.${name}`)],
    build: (inputs) => {
      const objective = (...values: Tensor[]) => {
        const y = f(Object.fromEntries(names.map((name, i) => [name, values[i]!])))
        const weights = normalFeeds({ weights: y.shape }, 99)['weights']!
        return tf.sum(tf.mul(y, tf.tensor(weights, y.shape))) as tf.Scalar
      }
      const { value, grads } = tf.valueAndGrads(objective)(names.map((name) => inputs[name]!))
      return { sum: value, ...Object.fromEntries(grads.map((grad, i) => [`d.${names[i]}`, grad])) }
    }
  }
}
