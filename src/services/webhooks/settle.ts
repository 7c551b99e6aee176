/** What a try makes of its delivery and of its webhook, in one transaction. */

import type { Stores } from '../../domain/stores.ts'
import type { DisabledReason, Webhook, WebhookDelivery } from '../../domain/webhook.ts'
import { nextTryAt } from '../../domain/webhook.ts'
import type { DeliveryPatch } from '../../domain/webhook-stores.ts'
import type { PostOutcome } from './post.ts'

/** One message's tries take 76 hours: an endpoint that was away for a long weekend is not given up. */
const FAILING_FOR_MS = 5 * 86_400_000
const GONE = 410

export const isTaken = ({ responseStatus }: Pick<PostOutcome, 'responseStatus'>): boolean =>
  responseStatus !== null && responseStatus >= 200 && responseStatus < 300

/** Returns why the webhook was disabled, if it was. */
export async function settle(
  tx: Stores,
  claimed: WebhookDelivery,
  { retryAfterS, ...answer }: PostOutcome
): Promise<DisabledReason | null> {
  const webhook = await tx.webhooks.load(claimed.webhookId, { lock: true })
  if (webhook === null) return null // removed meanwhile, with its deliveries
  const now = await tx.now()
  const reason = isTaken(answer) ? null : reasonToDisable(webhook, answer, now)
  const isLast = reason !== null || webhook.disabledAt !== null
  const next = isLast ? null : nextTryAt(claimed.tries, now, retryAfterS)
  if (!(await tx.deliveries.settle(claimed, { ...answer, ...ending(answer, next, now) }))) return null
  if (isTaken(answer)) {
    if (webhook.failingSince !== null) await tx.webhooks.update(webhook.id, { failingSince: null })
    return null
  }
  if (webhook.failingSince === null) await tx.webhooks.update(webhook.id, { failingSince: now })
  if (reason !== null) await disable(tx, webhook, reason)
  return reason
}

function ending(answer: Pick<PostOutcome, 'responseStatus'>, next: Date | null, now: Date): DeliveryPatch {
  if (isTaken(answer)) return { status: 'succeeded', endedAt: now }
  return next === null ? { status: 'failed', endedAt: now } : { nextTryAt: next }
}

function reasonToDisable(
  { disabledAt, failingSince }: Webhook,
  { responseStatus }: Pick<PostOutcome, 'responseStatus'>,
  now: Date
): DisabledReason | null {
  if (disabledAt !== null) return null
  if (responseStatus === GONE) return 'gone'
  const isFailing = failingSince !== null && now.getTime() - failingSince.getTime() >= FAILING_FOR_MS
  return isFailing ? 'failing' : null
}

/** What waits for it ends, and may be replayed when it is enabled again. */
export async function disable(tx: Stores, { id }: Pick<Webhook, 'id'>, reason: DisabledReason): Promise<void> {
  const now = await tx.now()
  await tx.webhooks.update(id, { disabledReason: reason, disabledAt: now })
  await tx.deliveries.endOfDisabled(now)
}
