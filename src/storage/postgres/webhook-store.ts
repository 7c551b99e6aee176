import { and, count, desc, eq, getTableColumns, isNull, lt, not, or, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { WebhookStore } from '../../domain/webhook-stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { webhookDeliveries, webhooks } from './schema/webhooks.ts'

const { secret: _, previousSecret: __, previousUntil: ___, ...shownColumns } = getTableColumns(webhooks)

export const createWebhookStore = (db: Db): WebhookStore => ({
  async insert({ events, ...webhook }, most) {
    // Two that count at once would both find room.
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks of ${webhook.projectId}`}, 0))`)
    const [row] = await db.select({ known: count() }).from(webhooks).where(eq(webhooks.projectId, webhook.projectId))
    if ((row?.known ?? 0) >= most) return false
    await db.insert(webhooks).values({ ...webhook, events: [...events] })
    return true
  },

  async find(projectId, id, options) {
    const query = db
      .select(shownColumns)
      .from(webhooks)
      .where(and(eq(webhooks.projectId, projectId), eq(webhooks.id, id)))
    // Those who queue deliveries hold its key, and wait for nobody who changes the rest.
    const [webhook] = await (options?.lock ? query.for('no key update') : query)
    return webhook ?? null
  },

  async load(id, options) {
    const query = db.select().from(webhooks).where(eq(webhooks.id, id))
    const [webhook] = await (options?.lock ? query.for('no key update') : query)
    return webhook ?? null
  },

  async list(projectId, { limit, after }) {
    const rows = await db
      .select(shownColumns)
      .from(webhooks)
      .where(and(eq(webhooks.projectId, projectId), after === null ? undefined : lt(webhooks.id, after)))
      .orderBy(desc(webhooks.id))
      .limit(limit + 1)
    return toPage(rows, limit, ({ id }) => id)
  },

  async update(id, { events, ...patch }) {
    const changed = { ...patch, ...(events && { events: [...events] }) }
    if (Object.keys(changed).length > 0) await db.update(webhooks).set(changed).where(eq(webhooks.id, id))
  },

  async remove(projectId, id) {
    const removed = await db
      .delete(webhooks)
      .where(and(eq(webhooks.projectId, projectId), eq(webhooks.id, id)))
      .returning({ id: webhooks.id })
    return removed.length > 0
  },

  async countSecretsWithout(prefix) {
    const isWithout = (secret: PgColumn) => not(sql`starts_with(${secret}, ${prefix})`)
    const { secret, previousSecret } = webhooks
    const [row] = await db
      .select({ found: count() })
      .from(webhooks)
      .where(or(isWithout(secret), isWithout(previousSecret)))
    return row?.found ?? 0
  },

  async listBacklogged(most) {
    const rows = await db
      .select({ id: webhooks.id })
      .from(webhooks)
      .innerJoin(webhookDeliveries, eq(webhookDeliveries.webhookId, webhooks.id))
      .where(and(isNull(webhooks.disabledAt), eq(webhookDeliveries.status, sql`'pending'`)))
      .groupBy(webhooks.id)
      .having(sql`count(*) > ${most}`)
    return rows.map(({ id }) => id)
  }
})
