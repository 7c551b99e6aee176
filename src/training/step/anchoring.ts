/** Gram anchoring within a step: what the student's patches are held to, and the term. */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { backboneOf, leavingRows, normalizeRows } from '../../ssl/backbone.ts'
import type { Patches } from '../../ssl/embed.ts'
import { gramLoss } from '../../ssl/gram.ts'
import { ANCHOR, anchorSpecs } from './held-state.ts'
import type { StepPlan } from './plan.ts'
import { splitTokens } from './tokens.ts'

export const gramNames = (gram: StepPlan['gram']): readonly string[] => (gram ? ['gram_loss'] : [])

/** Patches of whole global crops as the run's start sees them, after the last normalization: [patches · G · batch, D]. */
export function startPatches(plan: StepPlan, inputs: Tensors, patches: Patches): Tensor {
  const parameters = anchorSpecs(plan).map(({ name }) => [name.slice(ANCHOR.length), inputs[name]!] as const)
  const backbone = backboneOf(plan.network, Object.fromEntries(parameters))
  const [rows] = leavingRows(backbone, [{ patches, leaving: 'all' }])
  return normalizeRows(backbone, splitTokens(plan, rows!)[1])
}

export interface Anchoring {
  readonly metrics: Readonly<Record<string, Tensor>>
  addTo(loss: Tensor): Tensor
}

export interface HeldPatches {
  /** Patches of the global crops after the last normalization, [patches · G · batch, D]: the student's. */
  readonly student: Tensor | undefined
  readonly anchor: Tensor | undefined
}

/** Nothing without `gram` in the plan. */
export function anchoring({ gram, globalCrops, batchSize }: StepPlan, { student, anchor }: HeldPatches): Anchoring {
  if (!gram || !student || !anchor) return { metrics: {}, addTo: (loss) => loss }
  const value = gramLoss(student, anchor, globalCrops * batchSize)
  return { metrics: { gram_loss: value }, addTo: (loss) => tf.add(loss, tf.mul(value, gram.weight)) }
}
