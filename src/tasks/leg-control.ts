/**
 * How a leg is told to end.
 *
 *   going ──stop(reason)──→ stopping: checkpoint, upload, settle
 *     └──────────┬────────────┘
 *                └──lose()──→ gone: the trainer is killed and nothing more is written
 */
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { isOutage } from '../base/outages.ts'
import type { Lease, RunIntent } from '../domain/run.ts'
import type { LegService } from '../services/runs/legs.ts'

export type StopReason = 'user' | 'leg-limit' | 'deadline' | 'drain'

export interface LegControl {
  /** Aborted by the first stop, or by the loss. */
  readonly stopping: AbortSignal
  /** Aborted when the lease is lost. */
  readonly gone: AbortSignal
  readonly stopReason: () => StopReason | null
  stop(reason: StopReason): void
  /** What a worker hears of the user's wish. */
  wish(desired: RunIntent): void
  lose(error: unknown): void
  /** A step was taken. */
  progress(): void
  readonly hasProgressed: () => boolean
}

export function createLegControl(): LegControl {
  const stopping = new AbortController()
  const gone = new AbortController()
  let stopReason: StopReason | null = null
  let hasProgressed = false
  const stop = (reason: StopReason) => {
    stopReason ??= reason
    stopping.abort(new AppError('lease_lost', { message: `The leg is told to end: ${reason}.` }))
  }
  return {
    stopping: stopping.signal,
    gone: gone.signal,
    stopReason: () => stopReason,
    stop,
    wish: (desired) => {
      if (desired !== 'run') stop('user')
    },
    lose: (error) => {
      gone.abort(error)
      stopping.abort(error)
    },
    progress: () => {
      hasProgressed = true
    },
    hasProgressed: () => hasProgressed
  }
}

export interface HeartbeatOptions {
  readonly legs: LegService
  readonly lease: Lease
  readonly control: LegControl
  readonly clock: Clock
  readonly logger: Logger
  readonly leaseMs: number
  readonly legMaxS: number
}

/**
 * Beats three times a lease until `ended`. Never rejects. A leg whose time is up takes its first step before it ends: were its
 * start longer than its limit, the run would get nowhere.
 */
export async function beat(options: HeartbeatOptions, ended: AbortSignal): Promise<void> {
  const { legs, lease, control, clock, logger, leaseMs, legMaxS } = options
  const legEndsAt = clock.now() + legMaxS * 1000
  while (!ended.aborted && !control.gone.aborted) {
    const leftMs = legEndsAt - clock.now()
    const waitMs = control.stopReason() === null && leftMs > 0 ? Math.min(leaseMs / 3, leftMs) : leaseMs / 3
    await clock.sleep(waitMs, ended).catch(() => {}) // ended: leaves the loop
    if (ended.aborted) return
    if (clock.now() >= legEndsAt && control.hasProgressed()) control.stop('leg-limit')
    try {
      const { stillOurs, desired, isPastDeadline } = await legs.heartbeat(lease)
      if (!stillOurs) return control.lose(new AppError('lease_lost', { runId: lease.runId }))
      control.wish(desired)
      if (isPastDeadline) control.stop('deadline')
    } catch (error) {
      // Without the database no other worker can claim the run either: the trainer goes on.
      if (isOutage(error)) logger.warn({ err: error }, 'no heartbeat: the database does not answer')
      else control.lose(error)
    }
  }
}
