/**
 * Requests per key in a minute, by GCRA: one number a key instead of a log of its requests, and no burst at the turn of a
 * window. Headers as in draft-ietf-httpapi-ratelimit-headers, and plain Retry-After. Each API process counts by itself.
 */
import type { Clock } from '../../base/clock.ts'

export interface RateLimitState {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Seconds until the whole quota is there again. */
  readonly resetS: number
  /** Seconds until one more request is taken; 0 when allowed. */
  readonly retryAfterS: number
}

const WINDOW_MS = 60_000
/** Keys seen lately; the rest is forgotten, which can only be in their favour. */
const MOST_KEYS = 10_000

export interface RateLimiter {
  take(key: string): RateLimitState
  /** As `take`, but costs nothing. */
  look(key: string): RateLimitState
  /** Header values for a state. */
  headers(state: RateLimitState): Record<string, string>
}

export function createRateLimiter(clock: Clock, perMinute: number): RateLimiter {
  const interval = WINDOW_MS / perMinute
  /** Theoretical arrival time: when the quota would be whole again. */
  const wholeAt = new Map<string, number>()

  function measure(key: string, cost: number): { state: RateLimitState; next: number } {
    const now = clock.now()
    const next = Math.max(wholeAt.get(key) ?? now, now) + cost * interval
    const excess = next - now - WINDOW_MS
    const isAllowed = excess <= 1e-6
    const debt = isAllowed ? next - now : next - now - interval
    const state = {
      isAllowed,
      remaining: Math.max(0, Math.floor((WINDOW_MS - debt) / interval + 1e-6)),
      resetS: Math.ceil(debt / 1000),
      retryAfterS: isAllowed ? 0 : Math.ceil(excess / 1000)
    }
    return { state, next }
  }

  return {
    take(key) {
      const { state, next } = measure(key, 1)
      if (!state.isAllowed) return state
      wholeAt.delete(key)
      wholeAt.set(key, next)
      if (wholeAt.size > MOST_KEYS) wholeAt.delete(wholeAt.keys().next().value ?? key)
      return state
    },
    look: (key) => measure(key, 1).state,
    headers: ({ remaining, resetS, retryAfterS }) => ({
      'ratelimit-policy': `"default";q=${perMinute};w=60`,
      ratelimit: `"default";r=${remaining};t=${resetS}`,
      ...(retryAfterS > 0 && { 'retry-after': String(retryAfterS) })
    })
  }
}
