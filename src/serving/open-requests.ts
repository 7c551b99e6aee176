/**
 * What is under way in this child: what a request waits for (to be admitted) and what ends it (its time, its client). A
 * request that has ended only by one of these two is gone from every queue at once.
 */
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'

export interface OpenRequest {
  /** Clock time. */
  readonly deadline: number
  /** Its reason is the AppError that answers the request. */
  readonly signal: AbortSignal
  /** @throws the signal's reason */
  untilAdmitted(): Promise<void>
}

export interface OpenRequests {
  /** Runs `work` as the request `id`. */
  run<T>(id: number, timeoutMs: number, work: (request: OpenRequest) => Promise<T>): Promise<T>
  /** These do nothing for a request that is not under way. */
  admit(id: number): void
  abort(id: number): void
}

interface Handles {
  readonly admit: () => void
  readonly end: (reason: AppError) => void
}

export function createOpenRequests(clock: Clock): OpenRequests {
  const open = new Map<number, Handles>()

  async function endInTime(timeoutMs: number, settled: AbortSignal, { end }: Handles): Promise<void> {
    try {
      await clock.sleep(timeoutMs, settled)
    } catch {
      return // answered in time
    }
    end(new AppError('request_timeout', { retryAfterS: 1 }))
  }

  return {
    async run(id, timeoutMs, work) {
      const ended = new AbortController()
      const settled = new AbortController()
      const admission = Promise.withResolvers<void>()
      admission.promise.catch(() => {}) // nobody may be waiting for it when the request ends
      ended.signal.addEventListener('abort', () => admission.reject(ended.signal.reason))
      const handles = { admit: admission.resolve, end: (reason: AppError) => ended.abort(reason) }
      open.set(id, handles)
      void endInTime(timeoutMs, settled.signal, handles)
      const deadline = clock.now() + timeoutMs
      try {
        return await work({ deadline, signal: ended.signal, untilAdmitted: () => admission.promise })
      } finally {
        settled.abort()
        open.delete(id)
      }
    },
    admit: (id) => open.get(id)?.admit(),
    abort: (id) => open.get(id)?.end(new AppError('client_gone'))
  }
}
