/**
 * A batch in equal parts, one after the other, and what they give put together again as if it had been one. Gradients,
 * losses and shares are means over images, so the mean over equal parts is theirs; only rounding differs.
 */
import { invariant } from '../../base/errors.ts'
import { logMeanExp } from '../../math/log-sum-exp.ts'
import type { TeacherViews } from '../health/window.ts'

export interface Part {
  readonly index: number
  readonly of: number
}

/**
 * The images of one part from rows that are crop-major, [crops · batch, …]: crop 0 of all images, then crop 1. An image
 * keeps what belongs to its place in the whole batch.
 */
export function partOfCrops<T extends Uint8Array | Float32Array>(rows: T, crops: number, { index, of }: Part): T {
  if (rows.length === 0 || of === 1) return rows
  const length = rows.length / crops / of
  invariant(Number.isInteger(length), `${rows.length} numbers of ${crops} crops are no ${of} equal parts`)
  const part = new (rows.constructor as new (length: number) => T)(crops * length)
  for (let crop = 0; crop < crops; crop++) {
    const from = (crop * of + index) * length
    part.set(rows.subarray(from, from + length), crop * length)
  }
  return part
}

/** The inverse for all parts: crop-major rows of the whole batch. */
export function joinCrops(parts: readonly Float32Array[], crops: number): Float32Array {
  if (parts.length === 1) return parts[0]!
  const length = parts[0]!.length / crops
  const rows = new Float32Array(parts.length * crops * length)
  for (const [index, part] of parts.entries()) {
    for (let crop = 0; crop < crops; crop++) {
      rows.set(part.subarray(crop * length, (crop + 1) * length), (crop * parts.length + index) * length)
    }
  }
  return rows
}

export const joinViews = (parts: readonly TeacherViews[], crops: number): TeacherViews => ({
  features: joinCrops(
    parts.map(({ features }) => features),
    crops
  ),
  assignments: joinCrops(
    parts.map(({ assignments }) => assignments),
    crops
  )
})

/** Adds to `sum`, which is changed. */
export function accumulate(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!
}

/** Divides by the number of parts; `sum` is changed. */
export function average(sum: Float32Array, parts: number): Float32Array {
  for (let i = 0; i < sum.length; i++) sum[i]! /= parts
  return sum
}

/** log of the mean of exp over the parts, elementwise. */
export function logMeanExpOf(parts: readonly Float32Array[]): Float32Array {
  const logs = new Float64Array(parts.length)
  return parts[0]!.map((_, i) => {
    for (const [j, part] of parts.entries()) logs[j] = part[i]!
    return logMeanExp(logs)
  })
}
