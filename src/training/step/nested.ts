/**
 * Nested embeddings: the student's head also sees class tokens whose last dimensions are 0, and predicts the teacher's
 * assignments of whole ones from what is left, with the same weights (Kusupati et al. 2022, "Matryoshka Representation
 * Learning", arXiv 2205.13147, the variant with tied heads). What matters most goes to the first dimensions.
 */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { bottleneck } from '../../ssl/head.ts'
import type { StepPlan } from './plan.ts'

export const nestedNames = (nested: readonly number[]): readonly string[] => (nested.length > 0 ? ['nested_loss'] : [])

export interface Bottlenecks {
  /** Of all rows, [rows, p]. */
  readonly y: Tensor
  /** Of the class tokens' first dimensions, [crops · batch, p] each. */
  readonly nested: readonly Tensor[]
}

/** @param features of the student, those of class tokens first; all go through the head at once */
export function bottlenecks(plan: StepPlan, parameters: Tensors, features: Tensor): Bottlenecks {
  const { nested, globalCrops, localCrops, batchSize } = plan
  if (nested.length === 0) return { y: bottleneck(parameters, features), nested: [] }
  const [rows, dim] = features.shape as [number, number]
  const count = (globalCrops + localCrops) * batchSize
  const tokens = rows === count ? features : tf.slice(features, [0, 0], [count, -1])
  const cut = nested.map((kept) => tf.mul(tokens, firstOf(kept, dim)))
  const [y, ...parts] = tf.split(bottleneck(parameters, tf.concat([features, ...cut])), [rows, ...cut.map(() => count)])
  return { y: y!, nested: parts }
}

/** [dim]: 1 in the first `kept` places, then 0. */
const firstOf = (kept: number, dim: number): Tensor =>
  tf.tensor1d(Float32Array.from({ length: dim }, (_, i) => (i < kept ? 1 : 0)))

export interface JoinedLoss {
  readonly loss: Tensor
  readonly metrics: Readonly<Record<string, Tensor>>
}

/** The mean over all numbers of dimensions, the whole one among them. */
export function joinNested(whole: Tensor, losses: readonly Tensor[]): JoinedLoss {
  if (losses.length === 0) return { loss: whole, metrics: {} }
  const sum = losses.reduce((a, b) => tf.add(a, b))
  return {
    loss: tf.mul(tf.add(whole, sum), 1 / (1 + losses.length)),
    metrics: { nested_loss: tf.mul(sum, 1 / losses.length) }
  }
}
