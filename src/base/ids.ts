/** Prefixed, sortable identifiers: 48 bits of time, 80 random bits, Crockford base32 (the ULID layout). */
import { randomFillSync } from 'node:crypto'

export const ID_PREFIXES = {
  project: 'prj',
  key: 'key',
  dataset: 'ds',
  upload: 'up',
  image: 'img',
  run: 'run',
  sweep: 'swp',
  checkpoint: 'ckpt',
  model: 'mdl',
  evaluation: 'eval',
  vectorSet: 'vec',
  file: 'file',
  batch: 'batch',
  request: 'req',
  audit: 'aud',
  webhook: 'wh',
  delivery: 'msg'
} as const

export type IdKind = keyof typeof ID_PREFIXES

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

const encode = (value: bigint, length: number): string => {
  let text = ''
  for (let i = 0, rest = value; i < length; i++, rest >>= 5n) text = ALPHABET[Number(rest & 31n)] + text
  return text
}

const RANDOM_BYTES = 10
/** Each request has an id: to ask for ten bytes at a time takes longer than all the rest of making it. */
const pool = Buffer.alloc(256 * RANDOM_BYTES)
let used = pool.length

function randomBits(): bigint {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += RANDOM_BYTES
  return BigInt(`0x${pool.toString('hex', used - RANDOM_BYTES, used)}`)
}

export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  return `${ID_PREFIXES[kind]}_${encode(BigInt(nowMs), 10)}${encode(randomBits(), 16)}`
}

/** A JSON-schema pattern for the ids of one kind. */
export const idPattern = (kind: IdKind): string => `^${ID_PREFIXES[kind]}_[0-9a-z]{1,40}$`
