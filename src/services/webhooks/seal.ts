/**
 * Secrets of webhooks as the database has them. They sign, so a hash would not do: with a key of the operator's, which is not in the database,
 * they are encrypted (AES-256-GCM), and whoever has the database alone forges nothing. Each is bound to its webhook: another's row does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { WebhookSecrets } from '../../domain/webhook.ts'
import type { WebhookStore } from '../../domain/webhook-stores.ts'

export interface SecretSeal {
  seal(webhookId: string, secret: string): string
  /** Also what was kept before there was a key. @throws AppError secret_unreadable */
  open(webhookId: string, kept: WebhookSecrets): WebhookSecrets
}

const SEALED = 'sealed1:'
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** @param key of the operator; null keeps secrets as they are, and opens none that were sealed */
export function createSecretSeal(key: string | null): SecretSeal {
  const derived = key === null ? null : Buffer.from(hkdfSync('sha256', key, '', 'kappa webhook secrets', KEY_BYTES))

  function openOne(webhookId: string, kept: string): string {
    if (!kept.startsWith(SEALED)) return kept
    if (derived === null) throw unreadable('is not set')
    const bytes = Buffer.from(kept.slice(SEALED.length), 'base64')
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv(CIPHER, derived, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(webhookId)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([text, decipher.final()]).toString('utf8')
    } catch (error) {
      throw unreadable('is another one than that which it was sealed with', error)
    }
  }

  return {
    seal(webhookId, secret) {
      if (derived === null) return secret
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, derived, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(webhookId))
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return `${SEALED}${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')}`
    },

    open: (webhookId, { secret, previousSecret, previousUntil }) => ({
      secret: openOne(webhookId, secret),
      previousSecret: previousSecret === null ? null : openOne(webhookId, previousSecret),
      previousUntil
    })
  }
}

/**
 * A sentence for the operator where the database has secrets that anybody who reads it could sign with. Null where there are none: who
 * has made no webhook, as on a first start, has nothing to do.
 */
export async function plainSecretsNotice(
  webhooks: Pick<WebhookStore, 'countSecretsWithout'>,
  key: string | null
): Promise<string | null> {
  const plain = await webhooks.countSecretsWithout(SEALED)
  if (plain === 0) return null
  const whose = `The database has the secret${plain === 1 ? ' of 1 webhook' : `s of ${plain} webhooks`} as plain text`
  if (key !== null) return `${whose}, from before KAPPA_SECRET_KEY was set: rotate ${plain === 1 ? 'it' : 'them'}.`
  return `${whose}: whoever reads it or a backup can sign. Set KAPPA_SECRET_KEY, then rotate ${plain === 1 ? 'it' : 'them'}.`
}

const unreadable = (why: string, cause?: unknown): AppError =>
  new AppError(
    'secret_unreadable',
    { message: `The secret of the webhook cannot be read: KAPPA_SECRET_KEY ${why}. Rotate it to have another.` },
    { cause }
  )
