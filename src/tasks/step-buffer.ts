/** Steps that wait for the database, up to a bound: beyond it every second one goes, so that the curve keeps its shape. */
import { happened } from '../base/happenings.ts'
import type { MetricPoint } from '../domain/run.ts'
import type { StepEvent } from '../protocol/training-events.ts'

/** What is known of a step: what the trainer says, or what was read of its machine then. */
export type StepMetrics = Pick<StepEvent, 'step' | 'metrics'>

export interface StepBatch {
  readonly steps: readonly StepMetrics[]
  /** Points that were given up since the last batch that was written. */
  readonly dropped: number
}

export interface StepBuffer {
  add(step: StepMetrics): void
  isEmpty(): boolean
  /** Everything, in order; the buffer is empty then. */
  take(): StepBatch
  /** A batch that could not be written: it comes first again. */
  putBack(batch: StepBatch): void
}

/** At 20 metrics a step: the last 10,000 steps, about 10 MB. */
const MOST_STEPS = 10_000

export function createStepBuffer(): StepBuffer {
  let steps: StepMetrics[] = []
  let dropped = 0
  return {
    add(step) {
      steps.push(step)
      if (steps.length <= MOST_STEPS) return
      const kept = steps.filter((_, i) => i % 2 === 1)
      const points = pointsOf(steps).length - pointsOf(kept).length
      happened('pointsDropped', { points })
      dropped += points
      steps = kept
    },
    isEmpty: () => steps.length === 0,
    take() {
      const batch = { steps, dropped }
      steps = []
      dropped = 0
      return batch
    },
    putBack(batch) {
      steps = [...batch.steps, ...steps]
      dropped += batch.dropped
    }
  }
}

export const pointsOf = (steps: readonly StepMetrics[]): MetricPoint[] =>
  steps.flatMap(({ step, metrics }) => Object.entries(metrics).map(([key, value]) => ({ step, key, value })))
