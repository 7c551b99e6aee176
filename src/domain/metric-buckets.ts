/**
 * Which buckets a curve is shown in, and from which roll-ups they are put together.
 *
 *   points      ····························· all, one row each
 *   size 64     └──┘└──┘└──┘└──┘└──┘└──┘      lowest and highest of 64 steps
 *   size 512    └──────────────────┘          and of eight of those, and so on
 *   range asked    ├──────────────────────┤   = points, some of 64, some of 512, some of 64, points
 *
 * Extremes of extremes are extremes: the answer is the same with roll-ups and without.
 */

/** Each is four of the one before: of a long curve at most four times as many rows are read as buckets are asked for. */
export const ROLLUP_SIZES = [16, 64, 256, 1024, 4096, 16_384, 65_536] as const
export const SMALLEST_ROLLUP = ROLLUP_SIZES[0]
/** One of them: of so many steps the extremes stay of a curve that is thinned, so that larger roll-ups stay true. */
export const THINNED_SIZE = 64

/** Steps from `from` on, before `to`. */
export interface StepRange {
  readonly from: number
  readonly to: number
}

export interface Segment extends StepRange {
  /** Of the roll-ups to read; 1: the points themselves. */
  readonly size: number
}

export interface Buckets {
  /** Of the finest parts that a bucket is made of: `parts` of them from `origin` on. */
  readonly size: number
  readonly origin: number
  readonly parts: number
  readonly count: number
}

export const floorTo = (step: number, size: number): number => Math.floor(step / size) * size
const ceilTo = (step: number, size: number): number => Math.ceil(step / size) * size

/** At most `count` buckets of about equally many steps, of the largest roll-ups that are fine enough. */
export function bucketsOf({ from, to }: StepRange, count: number): Buckets {
  for (const size of ROLLUP_SIZES.toReversed()) {
    const origin = floorTo(from, size)
    const parts = Math.ceil((to - origin) / size)
    if (parts >= count) return { size, origin, parts, count }
  }
  return { size: 1, origin: from, parts: Math.max(1, to - from), count }
}

/** What covers the range, once: roll-ups of at most `size` where they are whole and below `rolledTo`, points elsewhere. */
export function segmentsOf({ from, to }: StepRange, { size, rolledTo }: { size: number; rolledTo: number }): Segment[] {
  const sizes = ROLLUP_SIZES.filter((one) => one <= size)
  const rolled = { from, to: Math.min(to, Math.max(from, rolledTo)) }
  return [...cover(rolled, sizes), ...cover({ from: rolled.to, to }, [])]
}

function cover({ from, to }: StepRange, sizes: readonly number[]): Segment[] {
  if (from >= to) return []
  const size = sizes.at(-1)
  if (size === undefined) return [{ size: 1, from, to }]
  const finer = sizes.slice(0, -1)
  const [first, end] = [ceilTo(from, size), floorTo(to, size)]
  if (first >= end) return cover({ from, to }, finer)
  return [...cover({ from, to: first }, finer), { size, from: first, to: end }, ...cover({ from: end, to }, finer)]
}
