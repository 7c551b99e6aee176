/**
 * What may be under way at the same time, with room left for whoever comes next: a key may hold as much as is still free.
 * Alone it gets half of the limit, beside another greedy key a third, beside n of them 1/(n + 1), and as much stays free
 * (dynamic thresholds: Choudhury & Hahne, 1998). Where nothing at all is under way one request is taken, whatever its size.
 */
import { AppError } from './errors.ts'

export interface Budget {
  /**
   * @returns what gives it back; more than once does nothing
   * @throws AppError too_much_at_once when the key has its part, overloaded when there is no room for anybody
   */
  take(key: string, amount: number): () => void
  /** By all keys together. */
  used(): number
}

/** Work ends within seconds, and nobody knows when. */
const RETRY_AFTER_S = 1

export function createBudget(limit: number): Budget {
  const held = new Map<string, number>()
  let used = 0

  function add(key: string, amount: number): void {
    used += amount
    const left = (held.get(key) ?? 0) + amount
    if (left > 0) held.set(key, left)
    else held.delete(key)
  }

  return {
    used: () => used,
    take(key, amount) {
      const own = held.get(key) ?? 0
      if (used > 0 && own + amount > limit - used) {
        throw new AppError(own > 0 ? 'too_much_at_once' : 'overloaded', { retryAfterS: RETRY_AFTER_S })
      }
      add(key, amount)
      let isHeld = true
      return () => {
        if (isHeld) add(key, -amount)
        isHeld = false
      }
    }
  }
}
