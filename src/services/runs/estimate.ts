import type { DeviceWish } from '../../base/devices.ts'
import type { Run } from '../../domain/run.ts'
import type { Stores } from '../../domain/stores.ts'
import { recipeNumbers } from '../../recipe/numbers.ts'
import type { Recipe } from '../../recipe/schema.ts'

/** What a run will take, before it starts or goes on. */
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
  // A fork's parent has seen the images before.
  const images = run.progress.imagesSeen - (run.forkedFrom?.step ?? 0) * run.recipe.hyperparameters.batchSize
  if (images <= 0) return null
  return (images * recipeNumbers(run.recipe, images).flopsPerImage) / seconds
}

export interface Wanted extends DeviceWish {
  readonly images: number
  /** Taken already, by the run or its parent; left out, none. */
  readonly steps?: number
}

/** @param finished runs of the project that have succeeded, newest first */
export function estimateRun(
  recipe: Recipe,
  { images, device, devices, steps: taken = 0 }: Wanted,
  finished: readonly Run[]
): Estimate {
  const isAlike = (run: Run) =>
    run.recipe.arch === recipe.arch &&
    run.recipe.patchSize === recipe.patchSize &&
    run.compute.device === device &&
    run.compute.devices === devices

  const numbers = recipeNumbers(recipe, images, devices)
  const rate = firstRate(finished.filter(isAlike))
  const steps = Math.max(0, numbers.totalSteps - taken)
  const flops = numbers.totalSteps === 0 ? 0 : numbers.totalFlops * (steps / numbers.totalSteps)
  return {
    steps,
    images: steps * recipe.hyperparameters.batchSize,
    flops,
    memoryBytes: device === 'gpu' ? numbers.gpuMemoryBytes : numbers.memoryBytes,
    durationS: rate === null ? null : Math.ceil(flops / rate)
  }
}

/** One after the other: nearly always it is the first that has one. */
function firstRate(finished: readonly Run[]): number | null {
  for (const run of finished) {
    const rate = measuredFlopRate(run)
    if (rate !== null) return rate
  }
  return null
}

/** How many of the last successes are asked for a speed: baselines of 0 epochs have none, and others are of other networks. */
const RUNS_TO_MEASURE = 50

export async function lastSuccesses({ runs }: Pick<Stores, 'runs'>, projectId: string): Promise<readonly Run[]> {
  const page = { limit: RUNS_TO_MEASURE, after: null }
  return (await runs.list(projectId, { status: 'succeeded' }, page)).data
}
