import { and, desc, eq, inArray, isNotNull, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { DeliveryClaim, WebhookDeliveryStore } from '../../domain/webhook-stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { webhookDeliveries as deliveries, webhooks } from './schema/webhooks.ts'

/** Matches the partial indexes word by word, or they would not be used. */
const isPending = eq(deliveries.status, sql`'pending'`)
const isFree = (now: Date) => or(isNull(deliveries.leasedUntil), lte(deliveries.leasedUntil, now))

/** Beside what went wrong before: that is why somebody disabled it. */
const afterLastError = sql<string>`concat_ws(' ', ${deliveries.error}, 'The webhook was disabled.')`

export const createWebhookDeliveryStore = (db: Db): WebhookDeliveryStore => ({
  async find({ projectId, webhookId, id }, options) {
    const query = db
      .select()
      .from(deliveries)
      .where(and(eq(deliveries.projectId, projectId), eq(deliveries.webhookId, webhookId), eq(deliveries.id, id)))
    const [delivery] = await (options?.lock ? query.for('update') : query)
    return delivery ?? null
  },

  async list(webhookId, { status }, { limit, after }) {
    const isOfStatus = status === undefined ? undefined : eq(deliveries.status, status)
    const isAfter = after === null ? undefined : lt(deliveries.id, after)
    const rows = await db
      .select()
      .from(deliveries)
      .where(and(eq(deliveries.webhookId, webhookId), isOfStatus, isAfter))
      .orderBy(desc(deliveries.id))
      .limit(limit + 1)
    return toPage(rows, limit, ({ id }) => id)
  },

  async claim(claim) {
    const { now, until } = claim
    // Chosen without a lock, so that whoever chose the same at the same time is skipped here, or finds it leased.
    const taken = db
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(and(inArray(deliveries.id, dueOf(claim)), isPending, lte(deliveries.nextTryAt, now), isFree(now)))
      .for('update', { skipLocked: true })
    return db
      .update(deliveries)
      .set({ leasedUntil: until, tries: sql`${deliveries.tries} + 1`, triedAt: now })
      .where(inArray(deliveries.id, taken))
      .returning()
  },

  async update(id, patch) {
    await db.update(deliveries).set(patch).where(eq(deliveries.id, id))
  },

  async settle({ id, leasedUntil }, patch) {
    if (leasedUntil === null) return false
    const settled = await db
      .update(deliveries)
      .set({ ...patch, leasedUntil: null })
      .where(and(eq(deliveries.id, id), isPending, eq(deliveries.leasedUntil, leasedUntil)))
      .returning({ id: deliveries.id })
    return settled.length > 0
  },

  async endOfDisabled(now) {
    const disabled = db.select({ id: webhooks.id }).from(webhooks).where(isNotNull(webhooks.disabledAt))
    await db
      .update(deliveries)
      .set({ status: 'failed', endedAt: now, leasedUntil: null, error: afterLastError })
      .where(and(inArray(deliveries.webhookId, disabled), isPending, isFree(now)))
  },

  async removeEnded(before, limit) {
    const old = db.select({ id: deliveries.id }).from(deliveries).where(lt(deliveries.endedAt, before)).limit(limit)
    const removed = await db.delete(deliveries).where(inArray(deliveries.id, old)).returning({ id: deliveries.id })
    return removed.length
  }
})

/**
 * Ids of the oldest ones due of every webhook, no more than it and its project may still have under way; first the first of
 * every project, then the second, so that one with thousands takes nobody's turn.
 */
const dueOf = ({ now, limit, perWebhook, perProject }: DeliveryClaim): SQL => sql`(
  with busy as materialized (
    select project_id, webhook_id from webhook_deliveries where leased_until > ${now.toISOString()}::timestamptz and status = 'pending'
  ), due as (
    select one.id, one.next_try_at, webhook.project_id,
           row_number() over (partition by webhook.project_id order by one.next_try_at, one.id) as turn
    from webhooks webhook cross join lateral (
      select id, next_try_at from webhook_deliveries
      where webhook_id = webhook.id and status = 'pending' and next_try_at <= ${now.toISOString()}::timestamptz
        and (leased_until is null or leased_until <= ${now.toISOString()}::timestamptz)
      order by next_try_at
      limit greatest(0, ${perWebhook}::int - (select count(*) from busy where busy.webhook_id = webhook.id))
    ) one
    where webhook.disabled_at is null
  )
  select id from due
  where turn + (select count(*) from busy where busy.project_id = due.project_id) <= ${perProject}::int
  order by turn, next_try_at limit ${limit}::int
)`
