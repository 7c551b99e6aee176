/**
 * One POST to an address that a stranger chose: https only and to the public internet only, unless the operator allows
 * networks, which may be asked by http too. No redirect is followed, and no more than a piece of the answer is read.
 */
import type { lookup as systemLookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { AppError, toError } from '../../base/errors.ts'
import { createRangeCheck, guardLookup, isPrivateAddress } from '../addresses.ts'
import { storableText } from '../storable-text.ts'

/** Either an answer, or an error in words. */
export interface PostOutcome {
  readonly responseStatus: number | null
  /** The beginning of it. */
  readonly responseBody: string | null
  readonly error: string | null
  readonly durationMs: number
  /** Of a Retry-After in seconds. */
  readonly retryAfterS: number | null
}

export interface WebhookPost {
  /** Why it may not be sent to, as far as the text tells; null otherwise. Names are resolved when they are connected to. */
  refusalOf(url: string): string | null
  /** Never throws. */
  send(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostOutcome>
}

export interface WebhookPostOptions {
  /** Private addresses and ranges that are allowed. */
  readonly networks: readonly string[]
  readonly timeoutMs?: number
  readonly lookup?: typeof systemLookup
}

const TIMEOUT_MS = 15_000
const MOST_RESPONSE_BYTES = 1024
const MOST_URL_LENGTH = 2000

export function createWebhookPost({ networks, timeoutMs = TIMEOUT_MS, lookup }: WebhookPostOptions): WebhookPost {
  const isInNetworks = createRangeCheck(networks)
  const isRefused = (isSecure: boolean) => (address: string) =>
    !isInNetworks(address) && (!isSecure || isPrivateAddress(address))

  function refusalOf(text: string): string | null {
    const url = URL.parse(text)
    if (url === null || text.length > MOST_URL_LENGTH) return `must be a URL of up to ${MOST_URL_LENGTH} characters`
    if (url.protocol !== 'https:' && (url.protocol !== 'http:' || networks.length === 0))
      return 'must begin with https://'
    if (url.username !== '' || url.password !== '') return 'must not have credentials: verify the signature instead'
    const address = url.hostname.replace(/^\[|\]$/g, '')
    const isOutside = isIP(address) !== 0 && isRefused(url.protocol === 'https:')(address)
    return isOutside ? `must be on the public internet, which ${address} is not` : null
  }

  async function send(text: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostOutcome> {
    const startedAt = performance.now()
    const outcome = (part: Partial<PostOutcome>): PostOutcome => ({
      responseStatus: null,
      responseBody: null,
      error: null,
      retryAfterS: null,
      ...part,
      durationMs: Math.round(performance.now() - startedAt)
    })
    const refusal = refusalOf(text)
    if (refusal !== null) return outcome({ error: `The URL ${refusal}.` })
    const late = AbortSignal.timeout(timeoutMs)
    try {
      const url = new URL(text)
      const isSecure = url.protocol === 'https:'
      const response = await post(url, body, {
        method: 'POST',
        // A connection of its own: one from a pool could have been made under another name.
        agent: false,
        lookup: guardLookup(isRefused(isSecure), lookup),
        signal: late,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) }
      })
      const responseBody = await readBeginning(response)
      const retryAfter = response.headers['retry-after'] ?? ''
      const retryAfterS = /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null
      return outcome({ responseStatus: response.statusCode ?? 0, responseBody, retryAfterS })
    } catch (thrown) {
      return outcome({ error: late.aborted ? `There was no answer within ${timeoutMs / 1000} s.` : inWords(thrown) })
    }
  }

  return { refusalOf, send }
}

const failure = (code: string): Error => Object.assign(new Error('no answer'), { code })

/**
 * Ends in any case. Of an answer 101 Node makes no response and no error, and gives up the socket: an endpoint that sent it held its
 * sender for ever, and 64 of them all deliveries. So an upgrade, and an end without an answer, are failures as well.
 */
const post = (url: URL, body: string, options: RequestOptions): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    request(url, options, resolve)
      .on('error', reject)
      .on('upgrade', (_, socket) => {
        socket.destroy()
        reject(failure('HTTP_UPGRADE'))
      })
      .on('close', () => reject(failure('ECONNRESET')))
      .end(body)
  })

async function readBeginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    // Leaving the loop closes the connection.
    if (bytes >= MOST_RESPONSE_BYTES) break
  }
  return storableText(Buffer.concat(chunks).subarray(0, MOST_RESPONSE_BYTES).toString('utf8'))
}

/** Codes of sockets, names and certificates say enough; other messages could quote what is nobody's business. */
function inWords(thrown: unknown): string {
  if (thrown instanceof AppError) return thrown.message
  const error = toError(thrown)
  const cause = error instanceof AggregateError ? toError(error.errors[0]) : error
  return `The connection failed (${'code' in cause ? String(cause.code) : cause.name}).`
}
