/** What the doctor finds. */
import type { EngineName, Precision } from './engine.ts'

/** Of an engine in one of the precisions that it trains in. */
export interface EngineReport {
  readonly name: EngineName
  readonly available: boolean
  /** Why not, when it is not, and what to do about it. */
  readonly problem?: string
  readonly device?: string
  readonly devices?: readonly DeviceReport[]
  readonly precision?: Precision
  readonly version?: string
  /** Of one product of two square matrices of `size`. */
  readonly gigaflops?: number
  readonly size?: number
  /** Path of the plugin. */
  readonly plugin?: string
  /** A better plugin for this machine, with the command that brings it. */
  readonly missing?: string
}

export interface DeviceReport {
  readonly kind: string
  /** What may be used of it; null where that is not known. */
  readonly memoryBytes: number | null
}
