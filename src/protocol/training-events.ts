/** What a trainer tells its supervisor. Plain data: it crosses a process border. */
import type { DeviceKind } from '../base/devices.ts'
import type { ErrorCode } from '../base/errors.ts'

/** A file that the trainer wrote. `path` is relative to the folder that the event names, with `/`. */
export interface OutputFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

export interface StartedEvent {
  readonly type: 'started'
  /** Step the run continues from: 0, or the restored checkpoint's. */
  readonly step: number
  readonly totalSteps: number
  readonly stepsPerEpoch: number
  readonly images: number
  readonly parameters: number
  readonly engine: string
  /** As the engine calls it, such as `cpu, 2 threads` or `2 × NVIDIA H100 80GB HBM3, bfloat16`. */
  readonly device: string
  readonly deviceKind: DeviceKind
  /** That share every step. */
  readonly devices: number
  /** Of matrix products. */
  readonly precision: string
}

/** One optimizer step; `metrics` by the names of protocol/metrics.ts. */
export interface StepEvent {
  readonly type: 'step'
  /** Steps completed, so the first event has 1. */
  readonly step: number
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
}

export interface CheckpointEvent {
  readonly type: 'checkpoint'
  readonly step: number
  readonly epoch: number
  /** Absolute folder; the supervisor removes it once the files are safe elsewhere. */
  readonly folder: string
  readonly files: readonly OutputFile[]
  /** Hash of the whole state: equal for equal weights, moments, centers and position. */
  readonly stateHash: string
}

export interface AlarmEvent {
  readonly type: 'alarm'
  readonly rule: 'collapse_uniform' | 'collapse_few' | 'collapse_alike' | 'plateau'
  readonly step: number
  readonly sinceStep: number
  readonly message: string
}

/** The last event of a trainer that ended by itself: all steps done, or told to stop (then a checkpoint came before). */
export interface DoneEvent {
  readonly type: 'done'
  readonly step: number
  readonly reason: 'completed' | 'stopped'
}

export interface FailedEvent {
  readonly type: 'failed'
  readonly step: number
  readonly code: ErrorCode
  readonly message: string
  readonly stack?: string
}

export type TrainEvent = StartedEvent | StepEvent | CheckpointEvent | AlarmEvent | DoneEvent | FailedEvent
