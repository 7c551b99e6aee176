/** Keys as their owners have them: `kappa_<id>_<secret>`. The secret is shown once; only its SHA-256 is kept. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ApiKey } from '../../domain/access.ts'

const TOKEN = /^kappa_([0-9a-z_]{1,60})_([A-Za-z0-9-]{20,200})$/
const SECRET_BYTES = 24

export const hashSecret = (secret: string): string => hash('sha256', secret)
const NO_SUCH_HASH = hashSecret('no key has this secret')

export function parseToken(token: string): { readonly id: string; readonly secret: string } | null {
  const match = TOKEN.exec(token)
  return match?.[1] && match[2] ? { id: `key_${match[1]}`, secret: match[2] } : null
}

export function newToken(keyId: string): { readonly token: string; readonly secretHash: string } {
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  return { token: `kappa_${keyId.slice('key_'.length)}_${secret}`, secretHash: hashSecret(secret) }
}

/** As long for a key that is not there. */
export function isSecretOf(key: ApiKey | null, secret: string): key is ApiKey {
  const expected = Buffer.from(key?.secretHash ?? NO_SUCH_HASH, 'hex')
  const given = Buffer.from(hashSecret(secret), 'hex')
  return timingSafeEqual(expected, given) && key !== null
}
