/**
 * One step on several devices: each measures its part of the batch, and what they measured becomes the whole batch's on
 * every one of them, so that all take the same step. Means over images are means of the parts' means.
 */
import { logMeanExpAcross, meanAcross } from '../../engine/ops/across.ts'
import type { Tensor, Tensors } from '../../engine/tf.ts'
import type { Centering } from '../../recipe/schema.ts'
import type { Measures } from './batch.ts'
import type { StepPlan } from './plan.ts'

/** Centers in probability space are logarithms of means: their mean is that of what they are the logarithms of. */
export const isLogarithm = (centering: Centering): boolean => centering !== 'logit'

export function acrossReplicas(plan: StepPlan, { gradients, batchCenters, expectations, tally }: Measures): Measures {
  const { replicas, centering } = plan
  if (replicas === 1) return { gradients, batchCenters, expectations, tally }
  const mean = (tensors: Tensors) => mapValues(tensors, (x) => meanAcross(x, replicas))
  return {
    gradients: mean(gradients),
    batchCenters: isLogarithm(centering)
      ? mapValues(batchCenters, (x) => logMeanExpAcross(x, replicas))
      : mean(batchCenters),
    expectations: mean(expectations),
    tally: mean(tally)
  }
}

const mapValues = (tensors: Tensors, change: (x: Tensor) => Tensor): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor)]))
