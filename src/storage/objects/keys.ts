import { invariant } from '../../base/errors.ts'

/** The limits of S3 for a key and of common file systems for one name. */
const MAX_KEY_BYTES = 1024
const MAX_NAME_BYTES = 255

/**
 * Keys are made by the platform, but end in names that users chose: the last line of defence against `../` is here.
 *
 * @throws Error for what no object may be called; it is a bug above
 */
export function assertKey(key: string): void {
  const names = key.split('/')
  invariant(Buffer.byteLength(key) <= MAX_KEY_BYTES && names.every(isName), `not an object key: ${JSON.stringify(key)}`)
}

/** As a key, but the last name may be empty or begun: `runs/`, `runs/run_1`. The empty prefix would mean everything. */
export function assertPrefix(prefix: string): void {
  invariant(prefix !== '', 'an object prefix is not empty')
  assertKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}

const isName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[\0\\]/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES

/** S3 lists in the order of UTF-8 bytes; JavaScript compares UTF-16 units, which differs beyond U+FFFF. */
export const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
