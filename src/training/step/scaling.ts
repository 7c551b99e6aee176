/**
 * What float16 products need: gradients smaller than 6e-8 would be 0 in it. The loss is multiplied before the backward
 * pass and the gradients divided after it; a step whose gradients leave float16's range moves no parameter, as PyTorch's
 * GradScaler has it. The scale does not adapt, so a run stays a function of its position alone. bfloat16 has float32's
 * range and needs none of this.
 */
import { choose, isFiniteScalar } from '../../engine/ops/choose.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import type { StepPlan } from './plan.ts'

/**
 * 256 for each image of the batch, rounded down to a power of two, so that scaling is exact. A row's gradient of the
 * logits sums to at most 2/B: scaled 512, and times a κ of 100 still below float16's 65,504. One entry is about 1/(K B V)
 * for V views: scaled 4e-4 for K = 65,536 and V = 10, above float16's smallest normal number, 6e-5.
 */
export const lossScaleOf = ({ batchSize }: StepPlan): number => 2 ** Math.floor(Math.log2(256 * batchSize))

export interface Scaling {
  /** Before the backward pass. */
  up(loss: Tensor): Tensor
  /** After it: loss and gradients as they are without scaling. */
  down(scaled: Tensor): Tensor
  /** From Σ g² over all gradients: whether the optimizer may use them. Undefined where it always may. */
  usable(squares: Tensor): Tensor | undefined
}

const NONE: Scaling = { up: (loss) => loss, down: (scaled) => scaled, usable: () => undefined }

export function scalingOf({ scalesLoss }: StepPlan, inputs: Tensors): Scaling {
  if (!scalesLoss) return NONE
  const scale = inputs['lossScale']!
  return {
    up: (loss) => tf.mul(loss, scale),
    down: (scaled) => tf.div(scaled, scale),
    usable: isFiniteScalar
  }
}

/** What the step measures of it; the norm is finite always, since 0 stands for a skipped one. */
export function scalingMetrics(gradNorm: Tensor, usable: Tensor | undefined): Record<string, Tensor> {
  if (usable === undefined) return { grad_norm: gradNorm }
  const [zero, one] = [tf.scalar(0), tf.scalar(1)]
  return { grad_norm: choose(usable, gradNorm, zero), skipped: choose(usable, zero, one) }
}
