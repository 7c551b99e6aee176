import type { Machine } from '../base/devices.ts'

/**
 * What a worker says of itself every few seconds.
 *
 *   working ──three failures in a row that nobody else had──→ resting, growing pauses ──→ working
 *      └──told to end──→ gone
 */
export type WorkerState = 'working' | 'resting'

export interface WorkerRecord {
  /** Its name in leases: another one for every process. */
  readonly name: string
  /** Where it runs: the same after a restart. */
  readonly node: string
  readonly machine: Machine
  readonly state: WorkerState
  /** Why it rests; null otherwise. */
  readonly reason: string | null
  readonly startedAt: Date
  readonly seenAt: Date
}

/** The part of a worker's name that outlives its process. */
export const nodeOf = (worker: string): string => worker.split('/')[0] ?? worker
