import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { DeliveryStatus, DisabledReason, WebhookEvent } from '../../../domain/webhook.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

export const webhooks = pgTable(
  'webhooks',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    url: text('url').notNull(),
    events: text('events').array().notNull().$type<WebhookEvent[]>(),
    /** As it is, or sealed (services/webhooks/seal.ts): a hash cannot sign. */
    secret: text('secret').notNull(),
    previousSecret: text('previous_secret'),
    previousUntil: time('previous_until'),
    disabledReason: text('disabled_reason').$type<DisabledReason>(),
    disabledAt: time('disabled_at'),
    failingSince: time('failing_since'),
    createdAt: time('created_at').notNull()
  },
  (table) => [ownProject(), unique('webhooks_by_project').on(table.projectId, table.id)]
)

export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id').notNull(),
    webhookId: text('webhook_id').notNull(),
    event: text('event').notNull().$type<WebhookEvent>(),
    subject: text('subject').notNull(),
    body: text('body').notNull(),
    status: text('status').notNull().$type<DeliveryStatus>(),
    tries: integer('tries').notNull(),
    nextTryAt: time('next_try_at').notNull(),
    leasedUntil: time('leased_until'),
    triedAt: time('tried_at'),
    responseStatus: integer('response_status'),
    responseBody: text('response_body'),
    error: text('error'),
    durationMs: integer('duration_ms'),
    createdAt: time('created_at').notNull(),
    endedAt: time('ended_at')
  },
  (table) => [
    ownProject(),
    index('webhook_deliveries_by_webhook').on(table.webhookId, table.id),
    // What is due.
    index('webhook_deliveries_pending').on(table.webhookId, table.nextTryAt).where(sql`${table.status} = 'pending'`),
    index('webhook_deliveries_leased').on(table.leasedUntil).where(sql`${table.leasedUntil} is not null`),
    index('webhook_deliveries_ended').on(table.endedAt).where(sql`${table.endedAt} is not null`),
    // When a run last told of its progress.
    index('webhook_deliveries_of_progress')
      .on(table.webhookId, table.subject, table.createdAt)
      .where(sql`${table.event} = 'run.progress'`),
    foreignKey({
      name: 'webhook_deliveries_of_webhook',
      columns: [table.projectId, table.webhookId],
      foreignColumns: [webhooks.projectId, webhooks.id]
    }).onDelete('cascade')
  ]
)
