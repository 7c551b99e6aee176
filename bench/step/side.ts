/** One of those that a benchmark of the step compares, each in a process of its own. */
import type { StepSchedule } from '../../src/training/step/feeds.ts'

export interface Turn {
  readonly losses: readonly number[]
  readonly ms: readonly number[]
  /** Processor time of one step, all threads: hardly moved by what else runs on the machine. */
  readonly cpuMs: number
  /** Of the device's allocator where one computes that counts, else of the process. */
  readonly peakBytes: number
}

/** What a side says of itself: versions, devices, how long it took to get ready. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>

export interface Side {
  readonly name: string
  readonly facts: Facts
  turn(schedules: readonly StepSchedule[]): Promise<Turn>
  close(): Promise<void>
}
