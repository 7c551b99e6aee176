/**
 * Requests per key in a minute, by GCRA: one number a key instead of a log of its requests, and no burst at the turn of a
 * window. Headers as in draft-ietf-httpapi-ratelimit-headers, and plain Retry-After. Each API process counts by itself, and
 * the policy's name says so: a key may ask as often of every process that it reaches.
 */
import { createBoundedMap } from '../../base/bounded-map.ts'
import type { Clock } from '../../base/clock.ts'
import type { RateState } from '../../services/projects/rates.ts'

export interface RateLimitState {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Seconds until the whole quota is there again. */
  readonly resetS: number
  /** Seconds until one more request is taken; 0 when allowed. */
  readonly retryAfterS: number
}

const WINDOW_MS = 60_000
const POLICY = '"per-process"'
const PROJECT_POLICY = '"project"'
/** Keys seen lately; the rest is forgotten, which can only be in their favour. */
const MOST_KEYS = 10_000

export interface RateLimiter {
  take(key: string): RateLimitState
  /** Header values for a state. */
  headers(state: RateLimitState): Record<string, string>
}

export function createRateLimiter(clock: Clock, perMinute: number): RateLimiter {
  const interval = WINDOW_MS / perMinute
  /** Theoretical arrival time: when the quota would be whole again. */
  const wholeAt = createBoundedMap<string, number>(MOST_KEYS)

  return {
    take(key) {
      const now = clock.now()
      const next = Math.max(wholeAt.get(key) ?? now, now) + interval
      const excess = next - now - WINDOW_MS
      const isAllowed = excess <= 1e-6
      if (isAllowed) wholeAt.set(key, next)
      const debt = isAllowed ? next - now : next - now - interval
      return {
        isAllowed,
        remaining: Math.max(0, Math.floor((WINDOW_MS - debt) / interval + 1e-6)),
        resetS: Math.ceil(debt / 1000),
        retryAfterS: isAllowed ? 0 : Math.ceil(excess / 1000)
      }
    },
    headers: ({ remaining, resetS, retryAfterS }) => ({
      'ratelimit-policy': `${POLICY};q=${perMinute};w=60`,
      ratelimit: `${POLICY};r=${remaining};t=${resetS}`,
      ...(retryAfterS > 0 && { 'retry-after': String(retryAfterS) })
    })
  }
}

/** Of all processes together, so under another name; a policy beside that of the key, where there are both. */
export const headersOfProject = ({ perMinute, remaining, resetS }: RateState): Record<string, string> => ({
  'ratelimit-policy': `${PROJECT_POLICY};q=${perMinute};w=60`,
  ratelimit: `${PROJECT_POLICY};r=${remaining};t=${resetS}`
})

/** Those of keys and of addresses know nothing of each other. */
export const createLimiters = (clock: Clock, perMinute: number | null) =>
  perMinute === null
    ? null
    : { keys: createRateLimiter(clock, perMinute), addresses: createRateLimiter(clock, perMinute) }
