/**
 * The public keys of an OpenID Connect issuer, as it last published them. What is known goes on being used while the issuer is away;
 * it is asked again when a token names a key that is not here, and never more often than every COOLDOWN_MS, whatever tokens come.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../base/clock.ts'
import { AppError, toError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'

export interface IssuerKeysOptions {
  readonly issuer: string
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  readonly deadlineMs?: number
}

/** Older keys are looked for again, behind the request's back: one that the issuer has withdrawn opens nothing after this. */
const FRESH_MS = 10 * 60_000
/** An issuer that is away for so long may have withdrawn any of them. */
const KEPT_MS = 24 * 3600_000
export const COOLDOWN_MS = 30_000
/** A request waits for both answers, discovery and keys. */
const DEADLINE_MS = 5000

interface Known {
  readonly find: JWTVerifyGetKey
  readonly at: number
}

export function createIssuerKeys({
  issuer,
  clock,
  logger,
  deadlineMs = DEADLINE_MS
}: IssuerKeysOptions): JWTVerifyGetKey {
  let known: Known | null = null
  let loading: Promise<void> | null = null
  let triedAt = Number.NEGATIVE_INFINITY
  let isAway = false

  async function load(): Promise<void> {
    triedAt = clock.now()
    try {
      known = { find: createLocalJWKSet(await fetchKeys(issuer, deadlineMs)), at: clock.now() }
      isAway = false
    } catch (error) {
      if (!isAway) logger.warn({ err: toError(error), issuer }, 'the issuer of tokens does not give its keys')
      isAway = true
    }
  }

  /** Whoever comes while it is asked waits for the same answer. */
  function ask(): Promise<void> {
    if (loading === null && clock.now() - triedAt >= COOLDOWN_MS) {
      loading = load().finally(() => {
        loading = null
      })
    }
    return loading ?? Promise.resolve()
  }

  const usable = (): Known | null => (known !== null && clock.now() - known.at < KEPT_MS ? known : null)

  const away = () => {
    const retryAfterS = Math.max(1, Math.ceil((triedAt + COOLDOWN_MS - clock.now()) / 1000))
    return new AppError('issuer_unavailable', { retryAfterS })
  }

  return async (header, token) => {
    if (usable() === null) await ask()
    else if (clock.now() - known!.at >= FRESH_MS) void ask()
    const before = usable()
    if (before === null) throw away()
    try {
      return await before.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await ask()
      const after = usable()
      // The key may be one that could not be asked for.
      if (isAway || after === null) throw away()
      if (after === before) throw error
      return after.find(header, token)
    }
  }
}

/** @throws Error in words for the operator */
async function fetchKeys(issuer: string, deadlineMs: number): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(deadlineMs)
  const metadata = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, signal)
  if (metadata['issuer'] !== issuer) throw new Error(`it calls itself ${JSON.stringify(metadata['issuer'])}`)
  const { jwks_uri: address } = metadata
  const url = typeof address === 'string' ? URL.parse(address) : null
  // One that is asked by http is on this machine (composition/config.ts), and so is whoever could answer in its place.
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && issuer.startsWith('http:')))
    throw new Error(`its jwks_uri is ${JSON.stringify(address)}`)
  const keys = await fetchJson(url.href, signal)
  return keys as unknown as JSONWebKeySet // createLocalJWKSet looks at its shape
}

async function fetchJson(url: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  const body: unknown = await response.json()
  if (!isRecord(body)) throw new Error(`${url} answers with something else than an object`)
  return body
}
