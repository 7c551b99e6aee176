/** Work that this process does once at a time for each id: a second caller waits for the first, then looks again. */
import { AppError } from '../base/errors.ts'

/**
 * Behind the one that is done. Work of seconds that is asked for in a kilobyte waited for hours behind that of clients who had left
 * long ago and asked again.
 */
const MOST_WAITING = 16
const RETRY_AFTER_S = 5

export function createOneAtATime() {
  const running = new Map<string, Promise<unknown>>()
  const waiting = new Map<string, number>()

  function count(id: string, more: 1 | -1): void {
    const now = (waiting.get(id) ?? 0) + more
    if (now > 0) waiting.set(id, now)
    else waiting.delete(id)
  }

  /** @throws AppError overloaded when many wait already, and what the work throws */
  return async <T>(id: string, work: () => Promise<T>): Promise<T> => {
    if (running.has(id)) {
      if ((waiting.get(id) ?? 0) >= MOST_WAITING) throw new AppError('overloaded', { retryAfterS: RETRY_AFTER_S })
      count(id, 1)
      for (let other = running.get(id); other !== undefined; other = running.get(id)) await other.catch(() => {})
      count(id, -1)
    }
    // Nothing is awaited between the look and this: nobody else has begun meanwhile.
    const mine = work()
    running.set(id, mine)
    try {
      return await mine
    } finally {
      running.delete(id)
    }
  }
}
