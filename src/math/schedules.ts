/**
 * DINO's schedules (facebookresearch/dino 7c446df, utils.cosine_scheduler and DINOLoss), as functions of the index
 * instead of arrays. A warm-up longer than the whole run is cut to it: the original throws on a negative length.
 */

/** Half-cosine from `start` at index 0; `end` would be reached at index `length`, one past the last. */
export interface Cosine {
  readonly start: number
  readonly end: number
  readonly length: number
}

export function cosine({ start, end, length }: Cosine, index: number): number {
  if (length <= 0) return end
  return end + 0.5 * (start - end) * (1 + Math.cos((Math.PI * Math.min(index, length)) / length))
}

/** numpy's linspace(start, end, count)[index]: both ends included, `start` alone when count is 1. */
export function linspace(
  range: { readonly start: number; readonly end: number; readonly count: number },
  index: number
): number {
  const { start, end, count } = range
  if (count <= 1) return start
  return index >= count - 1 ? end : start + ((end - start) / (count - 1)) * index
}

export interface WarmupCosine {
  readonly warmup: number
  readonly peak: number
  readonly end: number
  /** Warm-up included. */
  readonly length: number
}

/** Learning rate: linear from exactly 0 to `peak` over `warmup` indices, then a cosine towards `end`. */
export function warmupCosine(schedule: WarmupCosine, index: number): number {
  const warmup = Math.min(schedule.warmup, schedule.length)
  if (index < warmup) return linspace({ start: 0, end: schedule.peak, count: warmup }, index)
  return cosine({ start: schedule.peak, end: schedule.end, length: schedule.length - warmup }, index - warmup)
}

export interface WarmupConstant {
  readonly start: number
  readonly end: number
  readonly warmup: number
}

/** Teacher temperature by epoch: linear over `warmup` epochs, both ends included, then constant. */
export function warmupConstant({ start, end, warmup }: WarmupConstant, epoch: number): number {
  return epoch < warmup ? linspace({ start, end, count: warmup }, epoch) : end
}
