/** Who asks, by what a request has in its header: a key of ours, or a token of the issuer that the installation trusts. */
import { AppError } from '../../base/errors.ts'
import type { Principal } from '../../domain/access.ts'
import { type BearerTokens, looksLikeToken } from './bearer-tokens.ts'
import type { KeyService } from './keys.ts'

/** @throws AppError unauthorized, forbidden, issuer_unavailable */
export type Authenticator = (credential: string) => Promise<Principal>

/** @param tokens null where keys alone are taken */
export const createAuthenticator =
  (keys: Pick<KeyService, 'authenticate'>, tokens: BearerTokens | null): Authenticator =>
  async (credential) => {
    if (!looksLikeToken(credential)) return keys.authenticate(credential)
    if (tokens === null) throw new AppError('unauthorized')
    return tokens.authenticate(credential)
  }
