/**
 * Of transactions that wait for each other in a ring PostgreSQL undoes one, whole: it may be done again, and mostly finds nobody in its way.
 * Order of locks keeps known rings from closing; this is for those that nobody has found.
 */
import { systemClock } from './clock.ts'
import { type AppError, isAppError } from './errors.ts'
import { happened } from './happenings.ts'

/** Each begins a second after the last was in a ring (deadlock_timeout), so a request knows within five. */
const PAUSES_MS = [20, 80, 320]

const isConflict = (error: unknown): error is AppError => isAppError(error, 'write_conflict')

interface Repeating {
  readonly mayRepeat?: () => boolean
  readonly sleep?: (ms: number) => Promise<void>
}

/**
 * @param work does nothing outside of its transaction that could not be done twice
 * @throws what `work` throws, and its write_conflict when it had one every time
 */
export async function repeating<T>(
  work: () => Promise<T>,
  { mayRepeat = () => true, sleep = systemClock.sleep }: Repeating = {}
): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await work()
    } catch (error) {
      if (!isConflict(error)) throw error
      if (!mayRepeat()) return giveUp(error)
      happened('writeConflict', { outcome: 'repeated' })
    }
    // By lot: those that met would meet again.
    await sleep(pauseMs * (0.5 + Math.random()))
  }
  return work().catch((error: unknown) => (isConflict(error) ? giveUp(error) : Promise.reject(error)))
}

function giveUp(error: AppError): never {
  happened('writeConflict', { outcome: 'given_up' })
  throw error
}
