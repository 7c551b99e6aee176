/** What a try makes of its delivery and of its webhook, in one transaction. */

import type { Stores } from '../../domain/stores.ts'
import type { DeliveryStatus, DisabledReason, Webhook, WebhookDelivery } from '../../domain/webhook.ts'
import { nextTryAt } from '../../domain/webhook.ts'
import type { DeliveryPatch } from '../../domain/webhook-stores.ts'
import type { PostOutcome } from './post.ts'

/** One message's tries take 76 hours: an endpoint that was away for a long weekend is not given up. */
const FAILING_FOR_MS = 5 * 86_400_000
const GONE = 410

export const isTaken = ({ responseStatus }: Pick<PostOutcome, 'responseStatus'>): boolean =>
  responseStatus !== null && responseStatus >= 200 && responseStatus < 300

export interface SettledTry {
  /** Null where the delivery is another's by now, or gone. */
  readonly status: DeliveryStatus | null
  /** Why the webhook was disabled, if it was. */
  readonly disabled: DisabledReason | null
}

const NOT_OURS: SettledTry = { status: null, disabled: null }

/** @param draw from 0 to 1, for the time of the next try */
export async function settle(
  tx: Stores,
  claimed: WebhookDelivery,
  { outcome: { retryAfterS, ...answer }, draw }: { readonly outcome: PostOutcome; readonly draw: number }
): Promise<SettledTry> {
  const webhook = await tx.webhooks.load(claimed.webhookId, { lock: true })
  if (webhook === null) return NOT_OURS // removed meanwhile, with its deliveries
  const now = await tx.now()
  const reason = isTaken(answer) ? null : reasonToDisable(webhook, answer, now)
  const isLast = reason !== null || webhook.disabledAt !== null
  const next = isLast ? null : nextTryAt(claimed.tries, now, { askedS: retryAfterS, draw })
  const patch = ending(answer, next, now)
  if (!(await tx.deliveries.settle(claimed, { ...answer, ...patch }))) return NOT_OURS
  const status = patch.status ?? 'pending'
  if (isTaken(answer)) {
    if (webhook.failingSince !== null) await tx.webhooks.update(webhook.id, { failingSince: null })
    return { status, disabled: null }
  }
  if (webhook.failingSince === null) await tx.webhooks.update(webhook.id, { failingSince: now })
  if (reason !== null) await disable(tx, webhook, reason)
  return { status, disabled: reason }
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
  return isFailing ? 'given_up' : null
}

/** What waits for it ends, and may be replayed when it is enabled again. */
export async function disable(tx: Stores, { id }: Pick<Webhook, 'id'>, reason: DisabledReason): Promise<void> {
  const now = await tx.now()
  await tx.webhooks.update(id, { disabledReason: reason, disabledAt: now })
  await tx.deliveries.endOfDisabled(now)
}
