/** A map that never holds more than so many entries: what was used longest ago is forgotten first. */
export interface BoundedMap<K, V> {
  readonly size: number
  /** Also counts as a use. */
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
}

export function createBoundedMap<K, V>(most: number): BoundedMap<K, V> {
  /** In the order of their last use, which is the order of insertion. */
  const entries = new Map<K, V>()
  const put = (key: K, value: V) => {
    entries.delete(key)
    entries.set(key, value)
  }
  return {
    get size() {
      return entries.size
    },
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) put(key, value)
      return value
    },
    set(key, value) {
      put(key, value)
      if (entries.size <= most) return
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    },
    delete: (key) => void entries.delete(key)
  }
}
