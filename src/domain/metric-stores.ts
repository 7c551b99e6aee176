/** Metrics of runs, and what a leg says of its steps, as they are kept. Implementation: storage/postgres. */
import type { Lease, MetricPoint, MetricSeries, RunIntent, RunProgress } from './run.ts'

export interface MetricQuery {
  /** Null: all. One that ends with `*` stands for all that begin so. */
  readonly keys: readonly string[] | null
  readonly fromStep: number | null
  readonly toStep: number | null
  readonly maxPoints: number
}

export interface RunCurves {
  readonly series: readonly MetricSeries[]
  /** From this step on every point that was reported is kept; before it the extremes of every 64 steps. */
  readonly fullFrom: number
}

export interface LatestPoint extends MetricPoint {
  readonly runId: string
}

export interface MetricStore extends MetricUpkeepStore {
  /** Upserts on (run, key, step): a retried batch or a repeated step never draws two curves. */
  write(runId: string, points: readonly MetricPoint[]): Promise<void>
  /**
   * Per key: all points if there are at most `maxPoints`, else the lowest and the highest of each of maxPoints / 2 buckets of about
   * equally many steps, so no spike is lost.
   */
  read(runId: string, query: MetricQuery): Promise<readonly MetricSeries[]>
  /** The last point of each key that each run has; keys are whole names. */
  latest(runIds: readonly string[], keys: readonly string[]): Promise<readonly LatestPoint[]>
  /** Its points at these steps, by step. */
  at(runId: string, key: string, steps: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** A resumed run repeats the steps after its checkpoint: what the lost leg wrote there goes away. */
  removeAfter(runId: string, step: number): Promise<void>
}

/** A place in all points of a run. */
export interface PointPosition {
  readonly key: string
  readonly step: number
}

/** Each call is a piece of the work, about a tenth of a second; those that return whether there is more want a unit of work each. */
export interface MetricUpkeepStore {
  /** From this step on every point that was reported is kept. */
  fullFrom(runId: string): Promise<number>
  /** Runs, ended or not, that are so many steps ahead of their roll-ups. */
  listUnrolled(which: { readonly leastSteps: number; readonly isEnded: boolean }): Promise<readonly string[]>
  rollUp(runId: string): Promise<boolean>
  /** Runs that ended before and have more than the extremes of their curves. */
  listUnthinned(endedBefore: Date): Promise<readonly string[]>
  /** Keeps the lowest and the highest point of every 64 steps, and the last. Nothing, of a run that did not end before. */
  thin(runId: string, endedBefore: Date): Promise<boolean>
  /** Of a run that is removed. @returns where to go on; null when nothing is left */
  removeSome(runId: string, after: PointPosition | null): Promise<PointPosition | null>
}

/** What a leg says of its steps. */
export interface FencedReport {
  readonly lease: Lease
  readonly points: readonly MetricPoint[]
  readonly progress: RunProgress
  readonly imagesPerSecond: number | null
  readonly etaS: number | null
}

export interface StepReportStore {
  /**
   * Writes points (upserts, as MetricStore) and positions of runs whose lease is still the report's, and renews those leases. A
   * run comes once at most.
   *
   * @returns what is wished of the runs that it wrote of; of the others nothing was written
   */
  write(reports: readonly FencedReport[], leaseExpiresAt: Date): Promise<ReadonlyMap<string, RunIntent>>
}
