/** Metrics of runs, and what a leg says of its steps, as they are kept. Implementation: storage/postgres. */
import type { Lease, MetricPoint, MetricSeries, RunIntent, RunProgress } from './run.ts'

export interface MetricQuery {
  /** Null: all. One that ends with `*` stands for all that begin so. */
  readonly keys: readonly string[] | null
  readonly fromStep: number | null
  readonly toStep: number | null
  readonly maxPoints: number
}

export interface LatestPoint extends MetricPoint {
  readonly runId: string
}

export interface MetricStore {
  /** Upserts on (run, key, step): a retried batch or a repeated step never draws two curves. */
  write(runId: string, points: readonly MetricPoint[]): Promise<void>
  read(runId: string, query: MetricQuery): Promise<readonly MetricSeries[]>
  /** The last point of each key that each run has; keys are whole names. */
  latest(runIds: readonly string[], keys: readonly string[]): Promise<readonly LatestPoint[]>
  /** Its points at these steps, by step. */
  at(runId: string, key: string, steps: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** A resumed run repeats the steps after its checkpoint: what the lost leg wrote there goes away. */
  removeAfter(runId: string, step: number): Promise<void>
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
