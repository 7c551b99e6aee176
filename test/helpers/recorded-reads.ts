/**
 * An object that notes which of its fields are read by name. A copy of all of them, as `{ ...value }` and JSON make one, asks for
 * each field's descriptor before it takes the field, and is no read: who copies or writes down a wish has not looked at it.
 */
export function recordReads<T extends object>(value: T, reads: Set<string>, at = ''): T {
  const copied = new Set<PropertyKey>()
  return new Proxy(value, {
    getOwnPropertyDescriptor(target, key) {
      copied.add(key)
      return Reflect.getOwnPropertyDescriptor(target, key)
    },
    get(target, key, receiver) {
      const inner: unknown = Reflect.get(target, key, receiver)
      const path = /^\d+$/.test(String(key)) ? at : `${at}/${String(key)}`
      if (!copied.delete(key)) reads.add(path)
      // A date's methods want the date itself.
      return typeof inner === 'object' && inner !== null && !(inner instanceof Date)
        ? recordReads(inner, reads, path)
        : inner
    }
  })
}
