/** How every page reads: what is kept, when it is asked for again, and what is tried again. One of these for each key. */
import { QueryClient } from '@tanstack/react-query'
import { backoffMs } from '../../client/backoff.ts'
import { isPassing, Problem, toProblem } from '../../client/problem.ts'

/** Several parts of a page, and a page that is come back to at once, share an answer of this age. */
const FRESH_MS = 2000

/** What is asked for is only read, so it may be asked for again until it comes; what the API refuses is not. */
const mayRetry = (_failures: number, error: Error): boolean => isPassing(toProblem(error))

export function retryDelayMs(failures: number, error: Error): number {
  const after = error instanceof Problem ? error.details.retryAfterS : null
  return after === null ? backoffMs(failures + 1, Math.random()) : after * 1000
}

/** A POST that carries an idempotency key is tried again a few times: the API carries it out once. */
export const REPEATABLE = {
  retry: (failures: number, error: Error): boolean => failures < 3 && mayRetry(failures, error)
} as const

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // A browser that says it is offline still reaches a platform on its own machine.
        networkMode: 'always',
        staleTime: FRESH_MS,
        retry: mayRetry,
        retryDelay: retryDelayMs
      },
      mutations: { networkMode: 'always', retry: false, retryDelay: retryDelayMs }
    }
  })

interface Polled<T> {
  readonly state: { readonly data: T | undefined; readonly error: Error | null }
}

/** `refetchInterval` by what came last; what was refused is not asked for again by itself. */
export const pollBy =
  <T>(intervalMs: (data: T) => number | false) =>
  ({ state: { data, error } }: Polled<T>): number | false =>
    data === undefined || error !== null ? false : intervalMs(data)
