/** What rows of global crops are made of. */
import { type Tensor, tf } from '../../engine/tf.ts'
import type { StepPlan } from './plan.ts'

/** Token-major rows of the global crops: the class tokens come first. */
export function splitTokens({ globalCrops, batchSize }: StepPlan, rows: Tensor): [ofClass: Tensor, ofPatches: Tensor] {
  const crops = globalCrops * batchSize
  const [ofClass, ofPatches] = tf.split(rows, [crops, rows.shape[0]! - crops], 0)
  return [ofClass!, ofPatches!]
}
