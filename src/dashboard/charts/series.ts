/** Metric series as columns, in step order. */
export interface Series {
  readonly steps: readonly number[]
  readonly values: readonly number[]
}

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

/**
 * Mean of `window` neighbours around each point, fewer at the ends: no lag, unlike an exponential average. A value that is
 * not finite counts as none and stays as it is.
 */
export function movingMean({ steps, values }: Series, window: number): Series {
  const half = Math.floor(window / 2)
  if (half < 1) return { steps, values }
  const sums = new Float64Array(values.length + 1)
  const counts = new Uint32Array(values.length + 1)
  for (const [index, value] of values.entries()) {
    const isNumber = Number.isFinite(value)
    sums[index + 1] = (sums[index] ?? 0) + (isNumber ? value : 0)
    counts[index + 1] = (counts[index] ?? 0) + (isNumber ? 1 : 0)
  }
  const means = values.map((value, index) => {
    if (!Number.isFinite(value)) return value
    // The same reach to both sides, or the mean of a slope would lean where one side is cut off.
    const reach = Math.min(half, index, values.length - 1 - index)
    const from = index - reach
    const to = index + reach + 1
    return ((sums[to] ?? 0) - (sums[from] ?? 0)) / ((counts[to] ?? 1) - (counts[from] ?? 0))
  })
  return { steps, values: means }
}
