/**
 * Positions for another image size, as those who publish weights do it:
 *
 *   offset      bicubic, a scale of (n + 0.1) / stored          DINO, iBOT, DINOv2 without registers
 *   size        bicubic at the plain size                       Hugging Face without registers
 *   antialias   the same, averaged where it shrinks, a = −0.5   timm, DINOv2 with registers in every format
 *
 * The class token's row stays as it is.
 */

import type { Network } from '../recipe/network.ts'
import type { PositionResampling, WeightFormat } from '../recipe/weight-options.ts'
import { bicubicWeights, POSITION_OFFSET } from '../ssl/position.ts'

const RESAMPLING_OF: Readonly<Record<WeightFormat, PositionResampling>> = {
  dino: 'offset',
  ibot: 'offset',
  dinov2: 'offset',
  timm: 'antialias',
  huggingface: 'size'
}

/** As whoever published the weights resamples them. */
export const resamplingOf = (
  format: WeightFormat,
  { registers = 0 }: Pick<Network, 'registers'>
): PositionResampling => (registers > 0 ? 'antialias' : RESAMPLING_OF[format])

export interface Grids {
  readonly from: number
  readonly to: number
  readonly resampling: PositionResampling
}

/** [1 + from², dim] → [1 + to², dim], flat. */
export function resamplePositions(table: Float32Array, { from, to, resampling }: Grids): Float32Array {
  if (from === to) return table
  const dim = table.length / (1 + from * from)
  const weights =
    resampling === 'antialias'
      ? antialiasedWeights(from, to)
      : bicubicWeights(from, to, resampling === 'offset' ? POSITION_OFFSET : 0)
  // One axis after the other: columns of the grid, then rows.
  const narrowed = new Float64Array(from * to * dim)
  for (let y = 0; y < from; y++)
    for (let x = 0; x < to; x++)
      for (let i = 0; i < from; i++)
        for (let d = 0; d < dim; d++)
          narrowed[(y * to + x) * dim + d]! += weights[x]![i]! * table[(1 + y * from + i) * dim + d]!
  const sums = new Float64Array(to * to * dim)
  for (let y = 0; y < to; y++)
    for (let j = 0; j < from; j++)
      for (let at = 0; at < to * dim; at++) sums[y * to * dim + at]! += weights[y]![j]! * narrowed[j * to * dim + at]!
  const result = new Float32Array((1 + to * to) * dim)
  result.set(table.subarray(0, dim))
  result.set(sums, dim)
  return result
}

/** PyTorch's antialiased bicubic: Pillow's kernel (a = −0.5), as wide as the step between samples, weights sum to 1. */
function antialiasedWeights(from: number, to: number): number[][] {
  const step = from / to
  const width = Math.max(1, step)
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * step
    const first = Math.max(0, Math.floor(center - 2 * width + 0.5))
    const end = Math.min(from, Math.floor(center + 2 * width + 0.5))
    const row = Array.from({ length: from }, (_, tap) =>
      tap >= first && tap < end ? cubic((tap + 0.5 - center) / width) : 0
    )
    const total = row.reduce((sum, weight) => sum + weight, 0)
    return row.map((weight) => weight / total)
  })
}

const A = -0.5

function cubic(distance: number): number {
  const t = Math.abs(distance)
  if (t < 1) return ((A + 2) * t - (A + 3)) * t * t + 1
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * A : 0
}
