/** Requests that are sent again: what was refused for now, and what may be asked twice when nobody answered. */
import { backoffMs } from '../client/backoff.ts'
import { isStream } from '../client/client.ts'
import { pause } from '../client/pause.ts'
import { isAbort } from '../client/problem.ts'
import { readProblem } from '../client/read-problem.ts'

export type Send = (request: Request) => Promise<Response>

export interface RetryOptions {
  /** Of one request, the first included. */
  readonly tries?: number
  /** A server that asks for a longer wait gets its refusal passed on. */
  readonly longestWaitMs?: number
}

const TRIES = 5
/** Longer than the minute after which a project's rate comes back by itself. */
const LONGEST_WAIT_MS = 90_000

/** POSTs that compute, or that change nothing when they are repeated (docs/api.md). */
const REPEATABLE_POST =
  /\/(embeddings|assignments|attention-maps|heat-maps)$|:(validate|search|complete|pause|resume|cancel|retry|extend)$/

/** Whether it does no harm when the first one was carried out and only its answer was lost. */
function isRepeatable({ method, url, headers }: Request): boolean {
  if (method === 'GET' || method === 'HEAD') return true
  if (method === 'PUT' || method === 'PATCH') return !headers.has('if-match') && !headers.has('if-none-match')
  return method === 'POST' && (headers.has('idempotency-key') || REPEATABLE_POST.test(new URL(url).pathname))
}

/** How long until it may succeed, in ms; null where asking again is of no use or not safe. */
async function waitOf(request: Request, response: Response, attempt: number): Promise<number | null> {
  const isRefused = response.status === 429
  const isAway = [502, 503, 504].includes(response.status) && isRepeatable(request)
  if (!isRefused && !isAway) return null
  const { retryAfterS } = (await readProblem(response.clone())).details
  return retryAfterS === null ? backoffMs(attempt, Math.random()) : retryAfterS * 1000
}

export function retrying(send: Send, { tries = TRIES, longestWaitMs = LONGEST_WAIT_MS }: RetryOptions = {}): Send {
  /** The response, or how long to wait for the next try. */
  async function once(request: Request, attempt: number): Promise<Response | number> {
    // A stream goes on after its last event instead: run-events.ts sees to that.
    const isLast = attempt >= tries || isStream(request)
    if (isLast) return send(request)
    try {
      const response = await send(request.clone())
      const waitMs = await waitOf(request, response, attempt)
      return waitMs === null || waitMs > longestWaitMs ? response : waitMs
    } catch (error) {
      if (isAbort(error) || request.signal.aborted || !isRepeatable(request)) throw error
      return backoffMs(attempt, Math.random())
    }
  }

  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await once(request, attempt)
      if (typeof outcome !== 'number') return outcome
      await pause(outcome, request.signal)
      request.signal.throwIfAborted()
    }
  }
}
