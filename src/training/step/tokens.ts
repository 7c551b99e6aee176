/** What rows of global crops are made of. */
import { type Tensor, tf } from '../../engine/tf.ts'
import { leadingTokens } from '../../recipe/network.ts'
import type { StepPlan } from './plan.ts'

/** Token-major rows of the global crops: the class tokens come first; nothing is said of the registers behind them. */
export function splitTokens(plan: StepPlan, rows: Tensor): [ofClass: Tensor, ofPatches: Tensor] {
  const crops = plan.globalCrops * plan.batchSize
  const leading = leadingTokens(plan.network) * crops
  const sizes = [crops, leading - crops, rows.shape[0]! - leading].filter((size) => size > 0)
  const parts = tf.split(rows, sizes, 0)
  return [parts[0]!, parts.at(-1)!]
}
