/**
 * Which patches of a crop are hidden: block-wise as BEiT (arXiv 2106.08254) and iBOT's loader (bytedance/ibot da316d8) draw
 * them, or patches anywhere. Pure functions of the stream that they are given.
 */
import { roundHalfEven } from './crop-geometry.ts'
import type { Prng } from './prng.ts'

export interface MaskSpec {
  readonly shape: 'block' | 'random'
  /** That there is a mask at all. */
  readonly probability: number
  /** Share of hidden patches: uniform in ratio ± ratioVariance. */
  readonly ratio: number
  readonly ratioVariance: number
}

/** Of a block's sides, height over width; as iBOT passes it to its loader. */
const LOG_ASPECT = Math.log(1 / 0.3)
const ATTEMPTS = 10

const largestBudget = ({ ratio, ratioVariance }: MaskSpec, side: number): number =>
  (ratio + ratioVariance) * side * side

/** No mask of a crop of side × side patches hides more patches than this. */
export const largestMask = (spec: MaskSpec, side: number): number => Math.floor(largestBudget(spec, side))

/** [side · side], row by row: 1 is hidden. */
export function drawMask(spec: MaskSpec, side: number, random: Prng): Uint8Array {
  const mask = new Uint8Array(side * side)
  if (random.uniform() >= spec.probability) return mask
  const { ratio, ratioVariance } = spec
  const share = random.uniformBetween(ratio - ratioVariance, ratio + ratioVariance)
  // Rounding must not lift a draw over the bound that everyone else computes.
  const budget = Math.min(share * side * side, largestBudget(spec, side))
  if (spec.shape === 'block') hideBlocks(mask, { side, budget }, random)
  else for (const patch of random.permutation(side * side).subarray(0, Math.floor(budget))) mask[patch] = 1
  return mask
}

interface Grid {
  readonly side: number
  /** Patches that may be hidden; need not be whole. */
  readonly budget: number
}

/** Blocks until the budget is used up, or none of ten in a row fits. */
function hideBlocks(mask: Uint8Array, { side, budget }: Grid, random: Prng): void {
  let hidden = 0
  while (hidden < budget) {
    const left = { side, budget: budget - hidden }
    let added = 0
    for (let attempt = 0; attempt < ATTEMPTS && added === 0; attempt++) added = hideBlock(mask, left, random)
    if (added === 0) return
    hidden += added
  }
}

/** How many patches the drawn block newly hides; 0 when it does not fit into the crop or the budget. */
function hideBlock(mask: Uint8Array, { side, budget }: Grid, random: Prng): number {
  const smallest = Math.floor(side / 3) ** 2
  // With less budget left than the smallest area the draw lies between the two, as Python's random.uniform has it.
  const area = random.uniformBetween(smallest, budget)
  const aspect = Math.exp(random.uniformBetween(-LOG_ASPECT, LOG_ASPECT))
  const height = roundHalfEven(Math.sqrt(area * aspect))
  const width = roundHalfEven(Math.sqrt(area / aspect))
  if (height >= side || width >= side) return 0
  const top = random.integer(side - height + 1)
  const left = random.integer(side - width + 1)
  const inside: number[] = []
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) if (mask[y * side + x] === 0) inside.push(y * side + x)
  if (inside.length > budget) return 0
  for (const patch of inside) mask[patch] = 1
  return inside.length
}
