/**
 * One step of many linear classifiers at once, on the same features: they differ in their learning rate alone. SGD with
 * momentum as PyTorch has it, m ← 0.9 m + ∇, W ← W − lr m, on the mean cross-entropy of the batch. The bias is the weight of
 * a feature that is always 1.
 */
import { linear } from '../engine/ops/linear.ts'
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { type Tensors, tf } from '../engine/tf.ts'

export interface LinearShape {
  /** Of the features, without the 1. */
  readonly dim: number
  readonly classes: number
  /** Classifiers. */
  readonly heads: number
  readonly batch: number
}

export const MOMENTUM = 0.9

/** Tensors that stay from step to step, [heads · classes, dim + 1]. */
export const linearState = ({ dim, classes, heads }: LinearShape): TensorSpec[] =>
  ['weight', 'momentum'].map((name) => ({ name, shape: [heads * classes, dim + 1], dtype: 'float32' }))

/**
 * Takes features [batch, dim + 1], targets [batch, classes] of 1 at the class, shares [batch, 1] of each row in the mean (0 for
 * rows that only fill up) and learning rates [heads · classes, 1]; gives the state and the loss of each classifier [heads].
 */
export function linearStepProgram(shape: LinearShape): Program {
  const { dim, classes, heads, batch } = shape
  const input = (name: string, ...of: number[]): TensorSpec => ({ name, shape: of, dtype: 'float32' })
  return {
    name: 'linear-step',
    inputs: [
      ...linearState(shape),
      input('features', batch, dim + 1),
      input('targets', batch, classes),
      input('shares', batch, 1),
      input('rates', heads * classes, 1)
    ],
    outputs: ['weight', 'momentum', 'loss'],
    build: (inputs) => step(shape, inputs)
  }
}

function step({ classes, heads, batch }: LinearShape, inputs: Tensors) {
  const { weight, momentum, features, targets, shares, rates } = inputs
  const logits = linear(features!, weight!, tf.zeros([heads * classes]))
  const ofHeads = tf.reshape(logits, [batch, heads, classes])
  const logP = tf.logSoftmax(ofHeads)
  const wanted = tf.reshape(targets!, [batch, 1, classes])
  const counted = tf.reshape(shares!, [batch, 1, 1])
  const loss = tf.neg(tf.sum(tf.mul(tf.mul(logP, wanted), counted), [0, 2]))
  const errors = tf.reshape(tf.mul(tf.sub(tf.exp(logP), wanted), counted), [batch, heads * classes])
  const gradient = tf.matMul(errors as tf.Tensor2D, features as tf.Tensor2D, true, false)
  const moved = tf.add(tf.mul(momentum!, MOMENTUM), gradient)
  return { weight: tf.sub(weight!, tf.mul(moved, rates!)), momentum: moved, loss }
}

/** The batch that rates are stated for. */
const REFERENCE_BATCH = 256

/** The learning rates of an epoch, [heads · classes, 1]: CosineAnnealingLR, whose end is 0. */
export function ratesAt(
  epoch: number,
  { classes, batch }: LinearShape,
  { rates, epochs }: { readonly rates: readonly number[]; readonly epochs: number }
): Float32Array {
  const cosine = (1 + Math.cos((Math.PI * epoch) / epochs)) / 2
  return Float32Array.from(
    { length: rates.length * classes },
    (_, row) => (rates[Math.floor(row / classes)]! * batch * cosine) / REFERENCE_BATCH
  )
}
