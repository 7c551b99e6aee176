import type { DeviceWish } from '../../base/devices.ts'
import type { Run } from '../../domain/run.ts'
import { recipeNumbers } from '../../recipe/numbers.ts'
import type { Recipe } from '../../recipe/schema.ts'

/** What a run will take, before it starts. */
export interface Estimate {
  readonly steps: number
  /** Images the student sees, each with all its crops. */
  readonly images: number
  readonly flops: number
  /** Of each device. */
  readonly memoryBytes: number
  /** Null until a run of the project with this architecture, on such devices, has succeeded: then from what its machine did. */
  readonly durationS: number | null
}

/** Floating-point operations a second that a finished run reached from start to end; null when it trained nothing. */
export function measuredFlopRate(run: Run): number | null {
  // Nobody trained while it was paused or had failed.
  if (run.startedAt === null || run.resumedAt !== null) return null
  if (run.finishedAt === null || run.progress.imagesSeen === 0) return null
  const seconds = (run.finishedAt.getTime() - run.startedAt.getTime()) / 1000
  if (seconds <= 0) return null
  return (run.progress.imagesSeen * recipeNumbers(run.recipe, run.progress.imagesSeen).flopsPerImage) / seconds
}

/** @param finished runs of the project that have succeeded, newest first */
export function estimateRun(
  recipe: Recipe,
  { images, device, devices }: DeviceWish & { readonly images: number },
  finished: readonly Run[]
): Estimate {
  const isAlike = (run: Run) =>
    run.recipe.arch === recipe.arch &&
    run.recipe.patchSize === recipe.patchSize &&
    run.compute.device === device &&
    run.compute.devices === devices

  const numbers = recipeNumbers(recipe, images, devices)
  const rate =
    finished
      .filter(isAlike)
      .map(measuredFlopRate)
      .find((one) => one !== null) ?? null
  return {
    steps: numbers.totalSteps,
    images: numbers.totalSteps * recipe.hyperparameters.batchSize,
    flops: numbers.totalFlops,
    memoryBytes: device === 'gpu' ? numbers.gpuMemoryBytes : numbers.memoryBytes,
    durationS: rate === null ? null : Math.ceil(numbers.totalFlops / rate)
  }
}
