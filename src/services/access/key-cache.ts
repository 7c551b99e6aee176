/**
 * Keys as the database had them at most KEY_LIFE_MS ago, unknown ones included. Whoever asks for what is not here waits for
 * one statement with everybody else who does: a flood of guesses costs the database one connection, not one query each, and
 * a right key among them waits for a statement or two.
 */
import { type BoundedMap, createBoundedMap } from '../../base/bounded-map.ts'
import type { Clock } from '../../base/clock.ts'
import type { ApiKey } from '../../domain/access.ts'

export interface KeyCacheDeps {
  readonly load: (keyIds: readonly string[]) => Promise<readonly ApiKey[]>
  readonly clock: Clock
}

export interface KeyCache {
  find(keyId: string): Promise<ApiKey | null>
  /** The next `find` asks the database, and no answer that is on its way is kept. */
  forget(keyId: string): void
}

/** For this long a key that another process has revoked still opens this one. */
export const KEY_LIFE_MS = 5000
/** About 5 MB. */
const MOST_KEYS = 10_000
const BATCH = 500

interface Entry {
  readonly key: Promise<ApiKey | null>
  readonly askedAt: number
}

export function createKeyCache({ load, clock }: KeyCacheDeps): KeyCache {
  const entries: BoundedMap<string, Entry> = createBoundedMap(MOST_KEYS)
  const ask = createBatchedLookup(load)
  return {
    find(keyId) {
      const known = entries.get(keyId)
      if (known && clock.now() - known.askedAt < KEY_LIFE_MS) return known.key
      const entry: Entry = { key: ask(keyId), askedAt: clock.now() }
      entries.set(keyId, entry)
      entry.key.catch(() => {
        if (entries.get(keyId) === entry) entries.delete(keyId)
      })
      return entry.key
    },
    forget: (keyId) => entries.delete(keyId)
  }
}

function createBatchedLookup(load: KeyCacheDeps['load']): (keyId: string) => Promise<ApiKey | null> {
  type Waiter = { readonly keyId: string } & PromiseWithResolvers<ApiKey | null>
  let waiting: Waiter[] = []
  let isLoading = false

  async function loadWaiting(): Promise<void> {
    isLoading = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      waiting = waiting.slice(BATCH)
      try {
        const keys = await load([...new Set(batch.map(({ keyId }) => keyId))])
        const byId = new Map(keys.map((key) => [key.id, key]))
        for (const { keyId, resolve } of batch) resolve(byId.get(keyId) ?? null)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isLoading = false
  }

  return (keyId) => {
    const waiter: Waiter = { keyId, ...Promise.withResolvers<ApiKey | null>() }
    waiting.push(waiter)
    if (!isLoading) void loadWaiting()
    return waiter.promise
  }
}
