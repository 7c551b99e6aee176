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
}

export function createLegControl(): LegControl {
  const stopping = new AbortController()
  const gone = new AbortController()
  let stopReason: StopReason | null = null
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
    }
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

/** Beats three times a lease until `ended`. Never rejects. */
export async function beat(options: HeartbeatOptions, ended: AbortSignal): Promise<void> {
  const { legs, lease, control, clock, logger, leaseMs, legMaxS } = options
  const legEndsAt = clock.now() + legMaxS * 1000
  while (!ended.aborted && !control.gone.aborted) {
    const waitMs = Math.max(1, Math.min(leaseMs / 3, legEndsAt - clock.now()))
    await clock.sleep(control.stopReason() === null ? waitMs : leaseMs / 3, ended).catch(() => {}) // ended: leaves the loop
    if (ended.aborted) return
    if (clock.now() >= legEndsAt) control.stop('leg-limit')
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
