/**
 * What tasks have in common whose work may be taken up again and cancelled (services/jobs/attempts.ts):
 *
 *   begin ─→ make, under watch ─→ complete
 *     │        │
 *     │        ├ left to the next try: this worker ends, and gives it back
 *     │        ├ not wanted any more: what there is of it is the task's to remove
 *     │        └ failed: with the code
 *     └ null: nothing to do
 *
 * Outages are waited for, a child that others killed is tried once more.
 */
import type { Clock } from '../base/clock.ts'
import { happened } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { JobKind } from '../domain/job.ts'
import type { Attempt, Attempted, Attempts } from '../services/jobs/attempts.ts'
import { leave, type OnOutcome, outcomeOf } from './fitness.ts'
import { retryOutages } from './retry.ts'
import { describeFailure, persist } from './trainer-request.ts'
import { watchWanted } from './watch.ts'

export interface QueuedWorkDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Pick<Tracing, 'fail'>
  readonly draining: AbortSignal
  readonly onOutcome: OnOutcome
}

type Jobs<Order> = Pick<Attempts<Attempted>, 'state' | 'fail' | 'giveBack'> & {
  begin(id: string): Promise<Order | null>
}

export interface QueuedWork<Order, Made> {
  readonly kind: JobKind
  readonly id: string
  readonly jobs: Jobs<Order>
  readonly attemptOf: (order: Order) => Attempt
  readonly make: (order: Order, signal: AbortSignal) => Promise<Made>
  /** @returns false when nobody wants it any more */
  readonly complete: (order: Order, made: Made) => Promise<boolean>
  readonly onUnwanted?: (order: Order) => Promise<void>
  /** Starts when it is begun. Aborted, with the failure, when it takes too long. */
  readonly limit?: () => { readonly signal: AbortSignal; end(): void }
}

/** `ended` also where there was nothing to do, `left` when another try follows. */
export async function doQueued<Order, Made>(
  { clock, logger, tracing, draining, onOutcome }: QueuedWorkDeps,
  work: QueuedWork<Order, Made>,
  jobSignal: AbortSignal
): Promise<'ended' | 'left'> {
  const { kind, id, jobs, attemptOf, onUnwanted = async () => {} } = work
  const leaving = AbortSignal.any([jobSignal, draining])
  const patience = { clock, logger, signal: leaving }
  const order = await retryOutages(() => jobs.begin(id), patience)
  if (order === null) return 'ended'
  const attempt = attemptOf(order)
  const watch = watchWanted({ clock, logger }, () => jobs.state(attempt))
  const limit = work.limit?.()
  const signal = AbortSignal.any([leaving, watch.signal, ...(limit ? [limit.signal] : [])])
  const giveUp = async () => {
    logger.info({ kind }, 'it is not wanted any more')
    if ((await jobs.state(attempt)) === 'unwanted') await onUnwanted(order)
  }
  try {
    const made = await persist({ clock, logger, signal }, () => work.make(order, signal))
    if (await retryOutages(() => work.complete(order, made), patience)) onOutcome(id, 'worked')
    else await giveUp()
    return 'ended'
  } catch (error) {
    if (leaving.aborted) {
      await leave({ logger }, () => jobs.giveBack(attempt))
      return 'left'
    }
    if (watch.signal.aborted) {
      await giveUp()
      return 'ended'
    }
    const reason: unknown = limit?.signal.aborted ? limit.signal.reason : error
    const failure = describeFailure(reason)
    const verdict = await retryOutages(() => jobs.fail(attempt, failure), patience)
    logger.error({ err: reason, kind, verdict }, 'the work failed')
    happened('jobFailed', { kind, code: failure.code })
    tracing.fail(failure.code, failure.message)
    onOutcome(id, outcomeOf(verdict))
    return verdict.type === 'over' ? 'ended' : 'left'
  } finally {
    watch.end()
    limit?.end()
  }
}
