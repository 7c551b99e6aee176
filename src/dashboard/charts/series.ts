/** Metric series as columns, in step order. */
export interface Series {
  readonly steps: readonly number[]
  readonly values: readonly number[]
}

export const EMPTY: Series = { steps: [], values: [] }

/** Index of the last step ≤ `step`, or −1. */
export function indexAt(steps: readonly number[], step: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle] ?? Number.POSITIVE_INFINITY) <= step) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Index of the step nearest to `step`, or −1 for an empty series. */
export function nearestIndex(steps: readonly number[], step: number): number {
  const before = indexAt(steps, step)
  const left = steps[before]
  const right = steps[before + 1]
  if (left === undefined) return right === undefined ? -1 : 0
  return right !== undefined && right - step < step - left ? before + 1 : before
}

/** `fresh` replaces what `old` has from its first step on: a resumed run repeats steps and means the later values. */
export function mergeSeries(old: Series, fresh: Series): Series {
  const first = fresh.steps[0]
  if (first === undefined) return old
  const kept = indexAt(old.steps, first - 0.5) + 1
  return {
    steps: [...old.steps.slice(0, kept), ...fresh.steps],
    values: [...old.values.slice(0, kept), ...fresh.values]
  }
}

/**
 * At most two points per bucket, its smallest and largest value in the order they came: a spike of one step stays
 * visible whatever the zoom. First and last points are kept.
 */
export function downsample(series: Series, buckets: number): Series {
  const count = series.steps.length
  if (count <= buckets * 2) return series
  const kept = new Set<number>([0, count - 1])
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * count) / buckets)
    const to = Math.floor(((bucket + 1) * count) / buckets)
    let low = from
    let high = from
    for (let i = from; i < to; i++) {
      if ((series.values[i] ?? 0) < (series.values[low] ?? 0)) low = i
      if ((series.values[i] ?? 0) > (series.values[high] ?? 0)) high = i
    }
    kept.add(low)
    kept.add(high)
  }
  const indices = [...kept].sort((a, b) => a - b)
  return { steps: indices.map((i) => series.steps[i] ?? 0), values: indices.map((i) => series.values[i] ?? 0) }
}

/** Value by value on shared steps; steps that `b` lacks are left out. */
export function combine(a: Series, b: Series, operation: (a: number, b: number) => number): Series {
  const steps: number[] = []
  const values: number[] = []
  let j = 0
  for (let i = 0; i < a.steps.length; i++) {
    const step = a.steps[i] ?? 0
    while (j < b.steps.length && (b.steps[j] ?? 0) < step) j++
    if (b.steps[j] !== step) continue
    steps.push(step)
    values.push(operation(a.values[i] ?? Number.NaN, b.values[j] ?? Number.NaN))
  }
  return { steps, values }
}

/**
 * Exponential moving average over points with weight `smoothing` in [0, 1) on the past, corrected for its start
 * (as Adam's moments are), so that the first values are not pulled to zero.
 */
export function smooth(series: Series, smoothing: number): Series {
  if (smoothing === 0) return series
  let mean = 0
  let weight = 1
  const values = series.values.map((value) => {
    if (!Number.isFinite(value)) return value
    mean = smoothing * mean + (1 - smoothing) * value
    weight *= smoothing
    return mean / (1 - weight)
  })
  return { steps: series.steps, values }
}
