import type { Clock } from './clock.ts'

export interface Sampling {
  /** However often it is asked. */
  readonly everyMs: number
  /** Longer than this nobody waits; what comes later is for the next who asks. */
  readonly withinMs: number
  readonly clock: Pick<Clock, 'now' | 'sleep'>
}

/** For numbers that cost something to read. Null where there is nothing true to tell: it failed, or takes too long. */
export function sampled<T>(read: () => Promise<T>, { everyMs, withinMs, clock }: Sampling): () => Promise<T | null> {
  let last: { readonly at: number; readonly value: T | null } | null = null
  let reading: Promise<T | null> | null = null

  async function readNow(): Promise<T | null> {
    const value = await read().catch(() => null) // who reads it counts its outages
    last = { at: clock.now(), value }
    reading = null
    return value
  }

  return async () => {
    if (last !== null && clock.now() - last.at < everyMs) return last.value
    reading ??= readNow()
    const done = new AbortController()
    const late = clock.sleep(withinMs, done.signal).then(
      () => null,
      () => null // answered in time
    )
    try {
      return await Promise.race([reading, late])
    } finally {
      done.abort()
    }
  }
}
