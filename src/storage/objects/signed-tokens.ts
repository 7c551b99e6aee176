import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../base/errors.ts'

/** What a URL permits. The key is bound to the purpose, so a link to read one object writes none. */
export type Grant =
  | {
      readonly for: 'part'
      readonly key: string
      readonly multipartId: string
      readonly part: number
      readonly bytes: number
    }
  | { readonly for: 'download'; readonly key: string; readonly filename: string }

export interface TokenSigner {
  /** @param expiresAt milliseconds since the epoch */
  sign(grant: Grant, expiresAt: number): string
  /** @throws AppError forbidden */
  verify<P extends Grant['for']>(token: string, purpose: P, now: number): Extract<Grant, { for: P }>
}

/** Tokens are `payload.signature`, both base64url; the payload is readable, and only the signature makes it valid. */
export function createTokenSigner(signingKey: string): TokenSigner {
  const signatureOf = (payload: string) => createHmac('sha256', signingKey).update(`objects:${payload}`).digest()

  return {
    sign(grant, expiresAt) {
      const payload = Buffer.from(JSON.stringify({ ...grant, expiresAt })).toString('base64url')
      return `${payload}.${signatureOf(payload).toString('base64url')}`
    },

    verify(token, purpose, now) {
      const [payload = '', signature = ''] = token.split('.')
      const given = Buffer.from(signature, 'base64url')
      const expected = signatureOf(payload)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused('is not valid')
      const grant = JSON.parse(Buffer.from(payload, 'base64url').toString())
      if (grant.expiresAt <= now) throw refused('has expired')
      if (grant.for !== purpose) throw refused(`is not for this method`)
      return grant
    }
  }
}

const refused = (why: string): AppError => new AppError('forbidden', { message: `The signed URL ${why}.` })
