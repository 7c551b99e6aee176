/** Means over seeds and paired differences between conditions, with 95 % intervals of Student's t. */

export interface Interval {
  readonly mean: number
  /** Half the width of the interval; null of fewer than two seeds. */
  readonly half: number | null
  readonly seeds: number
}

/**
 * 97.5 % of Student's t by degrees of freedom, from 1. A bootstrap of three to five seeds would be too narrow: its resamples
 * never leave the seeds that were drawn.
 */
const T_975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]

export function intervalOf(values: readonly number[]): Interval {
  const seeds = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds
  if (seeds < 2) return { mean, half: null, seeds }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1)
  const t = T_975[seeds - 2]
  if (t === undefined) throw new Error(`no t value for ${seeds} seeds`)
  return { mean, half: t * Math.sqrt(variance / seeds), seeds }
}

/** Of the seeds that both have. Null without any. */
export function pairedDifference(
  of: ReadonlyMap<number, number>,
  without: ReadonlyMap<number, number>
): Interval | null {
  const differences = [...of].flatMap(([seed, value]) => {
    const other = without.get(seed)
    return other === undefined ? [] : [value - other]
  })
  return differences.length === 0 ? null : intervalOf(differences)
}
