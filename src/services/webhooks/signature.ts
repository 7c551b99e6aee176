/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: symmetric signatures, v1. */
import { createHmac, randomBytes } from 'node:crypto'
import type { WebhookSecrets } from '../../domain/webhook.ts'

const SECRET_BYTES = 32
const PREFIX = 'whsec_'

export const newSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`

export interface SignedMessage {
  readonly id: string
  readonly at: Date
  readonly body: string
}

/** The headers that a receiver verifies: one signature, or two while the secret before is still good. */
export function signedHeaders({ id, at, body }: SignedMessage, secrets: WebhookSecrets): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const { secret, previousSecret, previousUntil } = secrets
  const isBoth = previousSecret !== null && previousUntil !== null && at < previousUntil
  const signatures = (isBoth ? [secret, previousSecret] : [secret]).map((one) => {
    const key = Buffer.from(one.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
