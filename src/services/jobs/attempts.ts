/**
 * The worker's side of work that is queued, may be taken up again by another worker, and may be cancelled: evaluations, vector sets, batches.
 *
 *   begin ──→ open ──withOwn──→ ended by its task
 *     │         └────fail─────→ failed
 *     └ null: nothing to do, or left to others     fail: unless it is tried again (domain/blame.ts)
 *
 * Every begin is another attempt, and only the newest writes: a worker that was taken for dead and is not leaves nothing, like one whose
 * work was cancelled.
 */
import type { Clock } from '../../base/clock.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { endTries, failTry, giveBack, type JobError, takeTurn, type Verdict } from './job-tries.ts'

/** What a worker makes: of another attempt nothing is written. */
export interface Attempt {
  readonly id: string
  readonly attempt: number
}

export interface Attempted extends Attempt {
  readonly projectId: string
}

/** `unwanted` when a user has cancelled it, `ended` also when another worker has begun with it. */
export type WantedState = 'open' | 'ended' | 'unwanted'

/** What each kind of work knows of its records. */
export interface Records<T extends Attempted> {
  load(tx: Stores, id: string): Promise<T | null>
  /** Locked. Null for one that has ended, which stays as it is. */
  lockOpen(tx: Stores, id: string): Promise<T | null>
  isEnded(one: T): boolean
  isUnwanted(one: T): boolean
  /** As failed. */
  close(tx: Stores, known: T, end: { readonly error: JobError; readonly at: Date }): Promise<unknown>
}

export interface AttemptDeps {
  readonly unitOfWork: UnitOfWork
  readonly clock: Clock
  /** Name of the worker. */
  readonly worker: string
}

/** Ends it at once, for what it needs and is gone. */
export type FailAtOnce = (code: string, message: string) => Promise<null>

export interface Attempts<T extends Attempted> {
  /** @param order what the worker is given, once it is this worker's turn */
  begin<O>(id: string, order: (tx: Stores, known: T, fail: FailAtOnce) => Promise<O | null>): Promise<O | null>
  state(attempt: Attempt): Promise<WantedState>
  /** @returns `otherwise` for what has ended or is another's by now */
  withOwn<R>(
    attempt: Attempt,
    { work, otherwise }: { readonly work: (tx: Stores, known: T) => Promise<R>; readonly otherwise: R }
  ): Promise<R>
  fail(attempt: Attempt, error: JobError): Promise<Verdict>
  /** Of a worker that is told to end. */
  giveBack(attempt: Attempt): Promise<void>
}

export const jobOf = ({ id, projectId }: Pick<Attempted, 'id' | 'projectId'>) => ({ subject: id, projectId })

export function createAttempts<T extends Attempted>(
  { unitOfWork, clock, worker }: AttemptDeps,
  records: Records<T>
): Attempts<T> {
  const now = () => new Date(clock.now())

  const withOwn: Attempts<T>['withOwn'] = ({ id, attempt }, { work, otherwise }) =>
    unitOfWork(async (tx) => {
      const known = await records.lockOpen(tx, id)
      return known?.attempt === attempt ? work(tx, known) : otherwise
    })

  return {
    withOwn,

    begin: (id, order) =>
      unitOfWork(async (tx) => {
        const known = await records.lockOpen(tx, id)
        if (known === null) return null
        const fail: FailAtOnce = async (code, message) => {
          await records.close(tx, known, { error: { code, message }, at: now() })
          await endTries(tx, jobOf(known))
          return null
        }
        const turn = await takeTurn(tx, jobOf(known), worker)
        if (turn.type === 'left') return null
        return turn.type === 'over' ? fail(turn.error.code, turn.error.message) : order(tx, known, fail)
      }),

    state: ({ id, attempt }) =>
      unitOfWork(async (tx) => {
        const known = await records.load(tx, id)
        if (known === null || records.isUnwanted(known)) return 'unwanted'
        return records.isEnded(known) || known.attempt !== attempt ? 'ended' : 'open'
      }),

    fail: (attempt, error) =>
      withOwn<Verdict>(attempt, {
        otherwise: { type: 'not-ours' },
        async work(tx, known) {
          const verdict = await failTry(tx, { job: jobOf(known), worker, error })
          if (verdict.type === 'over') await records.close(tx, known, { error: verdict.error, at: now() })
          return verdict
        }
      }),

    giveBack: (attempt) =>
      withOwn(attempt, { otherwise: undefined, work: (tx, known) => giveBack(tx, jobOf(known), worker) })
  }
}
