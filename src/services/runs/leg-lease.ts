/**
 * The fence of a leg. Every write of a worker starts with `hold`: the run's row is locked and must still carry the
 * worker's lease epoch. Whoever claims the run next raises the epoch, so a worker that was away too long writes nothing.
 */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Lease, NewRunEvent, Run } from '../../domain/run.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'

export interface LegDeps {
  readonly unitOfWork: UnitOfWork
  /** Outside transactions, for reads. */
  readonly stores: Stores
  /** Paces looks for lost runs, and nothing else: leases go by the database's. */
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  /** A worker that is silent for so long has lost its runs. */
  readonly leaseMs: number
}

export const lost = (lease: Lease): AppError =>
  new AppError('lease_lost', { runId: lease.runId, leaseEpoch: lease.epoch })

export const expiryAfter = (now: Date, { leaseMs }: Pick<LegDeps, 'leaseMs'>): Date => new Date(now.getTime() + leaseMs)

export const isLeased = (run: Run, now: Date): boolean =>
  run.leaseWorker !== null && run.leaseExpiresAt !== null && run.leaseExpiresAt > now

/** @throws AppError lease_lost */
export async function hold(stores: Stores, lease: Lease): Promise<Run> {
  const run = await stores.runs.load(lease.runId, { lock: true })
  if (run === null || run.leaseEpoch !== lease.epoch) throw lost(lease)
  return run
}

/** @throws AppError lease_lost */
export async function write(
  stores: Stores,
  lease: Lease,
  patch: Parameters<Stores['runs']['updateUnderLease']>[1]
): Promise<void> {
  if (!(await stores.runs.updateUnderLease(lease, patch))) throw lost(lease)
}

export const stateEvent = (
  run: Pick<Run, 'status' | 'statusReason' | 'leg' | 'attempt' | 'error'>,
  level: NewRunEvent['level'] = 'info'
): NewRunEvent => ({
  type: 'state',
  level,
  data: {
    status: run.status,
    statusReason: run.statusReason,
    leg: run.leg,
    attempt: run.attempt,
    ...(run.error === null ? {} : { error: { ...run.error } })
  }
})
