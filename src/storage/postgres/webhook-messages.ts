/** What happened becomes deliveries, in the transaction in which it happened. */
import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import { keysToSnake } from '../../base/casing.ts'
import { newId } from '../../base/ids.ts'
import type { WebhookMessage } from '../../domain/webhook.ts'
import type { Db } from './client.ts'
import { webhookDeliveries as deliveries, webhooks } from './schema/webhooks.ts'

export type TellWebhooks = (messages: readonly (WebhookMessage | null)[]) => Promise<void>

/** A run tells of its progress every few seconds; its webhooks hear of it no more often than this. */
const PROGRESS_EVERY_MS = 60_000
/** What receivers are said to take is 20 KiB to 1 MiB; beyond this the event is named and has to be asked for. */
const MOST_BODY_CHARACTERS = 64_000

/** Matches the partial index webhook_deliveries_of_progress word by word, or it would not be used. */
const isProgress = eq(deliveries.event, sql`'run.progress'`)

interface Listener {
  readonly id: string
  readonly events: readonly string[]
}

export const createTellWebhooks =
  (db: Db, now: () => Promise<Date>): TellWebhooks =>
  async (given) => {
    const messages = given.filter((one) => one !== null)
    const [first] = messages
    if (first === undefined) return
    const listeners = await holdListeners(db, first.projectId)
    if (!listeners.some(({ events }) => messages.some(({ event }) => events.includes(event)))) return
    const at = await now()
    const timestamp = at.toISOString()
    const isRecent = await recentProgress(db, messages, listeners, at)
    const rows = messages.flatMap((message) =>
      listeners
        .filter(({ id, events }) => events.includes(message.event) && !isRecent(id, message))
        .map((listener) => deliveryOf(listener, message, { at, body: bodyOf(message, timestamp) }))
    )
    if (rows.length > 0) await db.insert(deliveries).values(rows)
  }

/** Held by their keys: one that is removed meanwhile must not take what has happened along with it. */
const holdListeners = (db: Db, projectId: string): Promise<Listener[]> =>
  db
    .select({ id: webhooks.id, events: webhooks.events })
    .from(webhooks)
    .where(and(eq(webhooks.projectId, projectId), isNull(webhooks.disabledAt)))
    .for('key share')

async function recentProgress(
  db: Db,
  messages: readonly WebhookMessage[],
  listeners: readonly Listener[],
  at: Date
): Promise<(webhookId: string, message: WebhookMessage) => boolean> {
  const subjects = messages.filter(({ event }) => event === 'run.progress').map(({ subject }) => subject)
  if (subjects.length === 0) return () => false
  const told = await db
    .select({ webhookId: deliveries.webhookId, subject: deliveries.subject })
    .from(deliveries)
    .where(
      and(
        inArray(
          deliveries.webhookId,
          listeners.map(({ id }) => id)
        ),
        inArray(deliveries.subject, subjects),
        isProgress,
        gt(deliveries.createdAt, new Date(at.getTime() - PROGRESS_EVERY_MS))
      )
    )
  return (webhookId, { event, subject }) =>
    event === 'run.progress' && told.some((one) => one.webhookId === webhookId && one.subject === subject)
}

function bodyOf({ event, subject, data }: WebhookMessage, timestamp: string): string {
  const write = (content: unknown) => JSON.stringify({ type: event, timestamp, data: content })
  const body = write(keysToSnake(data))
  return body.length <= MOST_BODY_CHARACTERS ? body : write({ subject, left_out: 'The event is too large to be sent.' })
}

const deliveryOf = (
  { id: webhookId }: Listener,
  { projectId, event, subject }: WebhookMessage,
  { at, body }: { readonly at: Date; readonly body: string }
): typeof deliveries.$inferInsert => ({
  id: newId('delivery'),
  projectId,
  webhookId,
  event,
  subject,
  body,
  status: 'pending',
  tries: 0,
  nextTryAt: at,
  createdAt: at
})
