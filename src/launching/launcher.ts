/**
 * Where workers for single legs are started: this machine, Kubernetes, Ray, AWS Batch. Such a worker has one run and one lease epoch
 * (`environmentOf`), claims that leg or finds that it is gone, and ends. Kappa's database stays the truth: a launcher places work and says
 * what became of it, nothing it says ends a run, and a worker that is lost with its place is a lost worker like any other.
 *
 *   start ──→ waiting ──→ running ──→ ended ──forgotten by the engine──→ unknown
 */

/** A leg that waits, and what it needs. */
export interface LegOrder {
  readonly runId: string
  readonly projectId: string
  /** Lease epoch that its claim will have. A worker that comes too late for it finds no leg. */
  readonly epoch: number
  /** From 1: a place that ended without a claim is not started again by the same name. */
  readonly attempt: number
  /** `any` is decided by whoever orders. */
  readonly device: 'cpu' | 'gpu'
  /** On one host. */
  readonly devices: number
  /** Of the host, for all processes of the leg. */
  readonly memoryBytes: number
  /** Of each GPU; null on a CPU. */
  readonly deviceMemoryBytes: number | null
  /** Longer than this from its first step, over all of its legs, no run trains. */
  readonly maxRuntimeS: number
  /** -100 to 100; the higher the sooner. */
  readonly priority: number
}

export interface Launched {
  /** `legName` of its order. */
  readonly name: string
  /** As the engine calls it. */
  readonly id: string
}

export type LaunchState = 'waiting' | 'running' | 'ended' | 'unknown'

export interface Sight {
  readonly state: LaunchState
  /** Why it waits, or how it ended, in a sentence for people; null where the engine says nothing, or nothing is wrong. */
  readonly reason: string | null
}

export interface Seen extends Launched {
  readonly sight: Sight
}

/** All methods may throw LauncherUnavailable; then nothing is known, and the caller asks again later. */
export interface Launcher {
  readonly name: string
  /**
   * By the order's name: where there is such a place already, also one that has ended, nothing is started and it is returned. So any number
   * of callers may start the same.
   *
   * @throws LaunchRefused the engine, or the launcher, will not start this order as it is
   */
  start(order: LegOrder): Promise<Launched>
  look(launched: Launched): Promise<Sight>
  /** Politely: its worker gets SIGTERM and 150 s. One that has ended, or is unknown, is no error. Resolves when the engine has been told. */
  stop(launched: Launched): Promise<void>
  /** Everything of this installation that the engine remembers, also what has ended: what a dispatcher that is started again goes by. */
  list(): Promise<readonly Seen[]>
  /** Lets go of the engine. What lives without this process goes on; what does not is stopped politely before this resolves. */
  close(): Promise<void>
}

/** The engine cannot be reached, or is not able to answer. */
export class LauncherUnavailable extends Error {
  override readonly name = 'LauncherUnavailable'
}

/** Says in a sentence what about the order, or the engine's settings, cannot be. */
export class LaunchRefused extends Error {
  override readonly name = 'LaunchRefused'
}

/** Between SIGTERM and SIGKILL: trainers save within 120 s. */
export const STOP_GRACE_S = 150
