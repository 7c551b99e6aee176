/** Messages of webhooks: whether Kappa sent them, and lately. The Standard Webhooks specification, symmetric signatures. */
import { ownProblem } from '../client/problem.ts'
import { bytesOfBase64 } from './base64.ts'

export interface ReceivedWebhook {
  /** `whsec_…`, as it was shown when the webhook was made. */
  readonly secret: string
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
  /** As it came, before it is parsed: another order of fields is another message. */
  readonly body: string | Uint8Array
  /** Seconds that the clocks may differ by and a message may take; more is an old one that somebody sends again (300). */
  readonly toleranceS?: number
  /** Milliseconds since the epoch. */
  readonly now?: number
}

export interface WebhookMessage {
  /** Equal when the same message comes again. */
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

const TOLERANCE_S = 300
const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' } as const

const refused = (why: string) => ownProblem('webhook_not_verified', `The message is not to be trusted: ${why}.`)

function headerOf(headers: ReceivedWebhook['headers'], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  if (typeof value === 'string' && value !== '') return value
  throw refused(`it has no header ${name}`)
}

function keyBytesOf(secret: string) {
  try {
    return bytesOfBase64(secret.replace(/^whsec_/, ''))
  } catch (cause) {
    throw ownProblem('webhook_secret_invalid', 'secret must be whsec_ and base64, as POST /v1/webhooks shows it.', {
      cause
    })
  }
}

/** `crypto.subtle.verify` takes as long for a signature that is nearly right as for any other. */
async function isSigned(signed: Uint8Array<ArrayBuffer>, signatures: string, secret: string): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', keyBytesOf(secret), ALGORITHM, false, ['verify'])
  for (const one of signatures.split(' ')) {
    const given = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(one)?.[1] // other versions are for others
    if (given !== undefined && (await crypto.subtle.verify(ALGORITHM, key, bytesOfBase64(given), signed))) return true
  }
  return false
}

/** @throws Problem webhook_not_verified */
export async function verifyWebhook(received: ReceivedWebhook): Promise<WebhookMessage> {
  const { secret, headers, toleranceS = TOLERANCE_S, now = Date.now() } = received
  const id = headerOf(headers, 'webhook-id')
  const at = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature')
  const body = typeof received.body === 'string' ? new TextEncoder().encode(received.body) : received.body
  if (!/^\d{1,12}$/.test(at) || Math.abs(now / 1000 - Number(at)) > toleranceS)
    throw refused(`it is not from the last ${toleranceS} seconds`)
  const head = new TextEncoder().encode(`${id}.${at}.`)
  const signed = new Uint8Array(head.length + body.length)
  signed.set(head)
  signed.set(body, head.length)
  if (!(await isSigned(signed, signatures, secret))) throw refused('no signature of it is by this secret')
  const message = JSON.parse(new TextDecoder().decode(body)) as Omit<WebhookMessage, 'id'> // signed by Kappa, which writes these fields
  return { id, ...message }
}
