/** What a run's steps come to: how its curves went, how long it computed, and what its GPUs drew where that was measured. */
import type { StepLine } from '../step-lines.ts'

/** In the order of a card's table; those that a run does not have are left out. */
const CURVES = [
  ...['loss', 'teacher_entropy', 'mean_assignment_entropy', 'top_assignment', 'kl'],
  ...['kappa_p5', 'kappa_p50', 'kappa_p95', 'used_prototypes', 'unique_prototypes', 'effective_rank', 'feature_spread']
] as const

const TENTHS = 10

export interface CurveRow {
  readonly name: string
  /** Means over the first tenth of the steps, the one before the middle, and the last. */
  readonly first: number | null
  readonly middle: number | null
  readonly last: number | null
}

export interface TrainingSummary {
  readonly steps: number
  readonly curves: readonly CurveRow[]
  /** In optimizer steps, waiting for images included; packing, checkpoints and evaluation are not. Null where steps do not say. */
  readonly seconds: number | null
  /** Null where no GPU said what it draws. */
  readonly energy: Energy | null
}

export interface Energy {
  readonly kilowattHours: number
  /** Of the seconds above, the share that lies between measurements: one in 50 steps. */
  readonly coveredShare: number
  readonly measurements: number
}

interface Sums {
  readonly count: number[]
  readonly sum: number[]
}

/** @param lastStep of the run: tenths are counted by it */
export async function summarize(
  steps: AsyncIterable<StepLine>,
  { lastStep, batchSize }: { readonly lastStep: number; readonly batchSize: number }
): Promise<TrainingSummary> {
  const sums = new Map<string, Sums>(
    CURVES.map((name) => [name, { count: Array(TENTHS).fill(0), sum: Array(TENTHS).fill(0) }])
  )
  const meter = createMeter()
  let count = 0
  let seconds = 0
  let isTimed = true
  for await (const { step, metrics } of steps) {
    count += 1
    const rate = metrics['images_per_second']
    if (rate) seconds += batchSize / rate
    else isTimed = false
    meter.add(rate ? batchSize / rate : 0, metrics['gpu_power_watts'] ?? null)
    const tenth = Math.min(TENTHS - 1, Math.floor(((step - 1) * TENTHS) / lastStep))
    for (const [name, { count: n, sum }] of sums) {
      const value = metrics[name]
      if (typeof value !== 'number') continue
      n[tenth]! += 1
      sum[tenth]! += value
    }
  }
  const at = ({ count: n, sum }: Sums, tenth: number) => (n[tenth] === 0 ? null : sum[tenth]! / n[tenth]!)
  const curves = [...sums]
    .filter(([, { count: n }]) => n.some((one) => one > 0))
    .map(([name, of]) => ({ name, first: at(of, 0), middle: at(of, TENTHS / 2 - 1), last: at(of, TENTHS - 1) }))
  return { steps: count, curves, seconds: count > 0 && isTimed ? seconds : null, energy: meter.total(seconds) }
}

/** A reading of the power is taken for all steps since the reading before: those behind the last one are not covered. */
function createMeter() {
  let [joules, covered, since, measurements] = [0, 0, 0, 0]
  return {
    add(seconds: number, watts: number | null): void {
      since += seconds
      if (watts === null) return
      joules += watts * since
      covered += since
      since = 0
      measurements += 1
    },
    total: (seconds: number): Energy | null =>
      measurements === 0 || seconds === 0
        ? null
        : { kilowattHours: joules / 3.6e6, coveredShare: covered / seconds, measurements }
  }
}
