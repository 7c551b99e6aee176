import { type Static, Type } from 'typebox'
import {
  DELIVERY_STATUSES,
  type WebhookDelivery as DomainDelivery,
  type Webhook as DomainWebhook,
  WEBHOOK_EVENTS
} from '../../domain/webhook.ts'
import type { IssuedWebhook as DomainIssued, WebhookTest as DomainTest } from '../../services/webhooks/webhooks.ts'
import { closed, Id, ListOf, Nullable, pageQuery, Resource, Text, Timestamp, timestampOrNull } from './common.ts'

const EventName = Type.Enum([...WEBHOOK_EVENTS])
const Events = Type.Array(EventName, { minItems: 1, maxItems: WEBHOOK_EVENTS.length, uniqueItems: true })
const Url = Text({
  minLength: 1,
  maxLength: 2000,
  description: 'https, and on the public internet unless the operator allows the network.'
})

const properties = {
  id: Type.String(),
  object: Type.Literal('webhook'),
  project_id: Type.String(),
  url: Type.String(),
  events: Type.Array(EventName),
  enabled: Type.Boolean(),
  disabled_reason: Nullable(Type.Enum(['by_user', 'gone', 'given_up', 'backlog'])),
  disabled_at: Nullable(Timestamp),
  failing_since: Nullable(Timestamp),
  created_at: Timestamp
}

export const Webhook = Resource(properties, 'Webhook')
export const WebhookList = ListOf(Webhook, 'WebhookList')

export const IssuedWebhook = Resource(
  {
    ...properties,
    secret: Nullable(
      Type.String({ description: 'Verifies signatures. Shown once: null when the response is a replay.' })
    )
  },
  'IssuedWebhook'
)

export const CreateWebhook = Type.Object(
  { url: Url, events: Events },
  {
    ...closed,
    $id: 'CreateWebhook',
    examples: [{ url: 'https://hooks.example/kappa', events: ['run.state', 'run.alarm', 'model.ready'] }]
  }
)

export const UpdateWebhook = Type.Object(
  {
    url: Type.Optional(Url),
    events: Type.Optional(Events),
    enabled: Type.Optional(Type.Boolean({ description: 'true also where we have disabled it.' }))
  },
  { ...closed, $id: 'UpdateWebhook', minProperties: 1, examples: [{ events: ['run.state', 'run.alarm'] }] }
)

/** Of one try. */
const answer = {
  response_status: Nullable(Type.Integer({ description: 'null where no answer came.' })),
  response_body: Nullable(Type.String({ description: 'Its first 1024 bytes.' })),
  error: Nullable(Type.String()),
  duration_ms: Nullable(Type.Integer())
}

export const WebhookTest = Resource(
  { object: Type.Literal('webhook_test'), message_id: Type.String(), ...answer, duration_ms: Type.Integer() },
  'WebhookTest'
)

export const WebhookDelivery = Resource(
  {
    id: Type.String({ description: 'The webhook-id of the message, the same in every try.' }),
    object: Type.Literal('webhook_delivery'),
    webhook_id: Type.String(),
    event: EventName,
    subject: Type.String({ description: 'Id of what it is about; a dataset version as ds_…@3.' }),
    status: Type.Enum([...DELIVERY_STATUSES]),
    tries: Type.Integer(),
    ...answer,
    created_at: Timestamp,
    tried_at: Nullable(Timestamp),
    next_try_at: Nullable(Timestamp),
    ended_at: Nullable(Timestamp)
  },
  'WebhookDelivery'
)

export const WebhookDeliveryList = ListOf(WebhookDelivery, 'WebhookDeliveryList')

export const DeliveryQuery = Type.Object(
  { ...pageQuery, status: Type.Optional(Type.Enum([...DELIVERY_STATUSES])) },
  closed
)
export const DeliveryParams = Type.Object({ id: Id, delivery_id: Id }, closed)

export const presentWebhook = (webhook: DomainWebhook): Static<typeof Webhook> => ({
  id: webhook.id,
  object: 'webhook',
  project_id: webhook.projectId,
  url: webhook.url,
  events: [...webhook.events],
  enabled: webhook.disabledAt === null,
  disabled_reason: webhook.disabledReason,
  disabled_at: timestampOrNull(webhook.disabledAt),
  failing_since: timestampOrNull(webhook.failingSince),
  created_at: webhook.createdAt.toISOString()
})

export const presentIssued = ({ webhook, secret }: DomainIssued): Static<typeof IssuedWebhook> => ({
  ...presentWebhook(webhook),
  secret
})

export const presentTest = (test: DomainTest): Static<typeof WebhookTest> => ({
  object: 'webhook_test',
  message_id: test.messageId,
  response_status: test.responseStatus,
  response_body: test.responseBody,
  error: test.error,
  duration_ms: test.durationMs
})

export const presentDelivery = (delivery: DomainDelivery): Static<typeof WebhookDelivery> => ({
  id: delivery.id,
  object: 'webhook_delivery',
  webhook_id: delivery.webhookId,
  event: delivery.event,
  subject: delivery.subject,
  status: delivery.status,
  tries: delivery.tries,
  response_status: delivery.responseStatus,
  response_body: delivery.responseBody,
  error: delivery.error,
  duration_ms: delivery.durationMs,
  created_at: delivery.createdAt.toISOString(),
  tried_at: timestampOrNull(delivery.triedAt),
  next_try_at: delivery.status === 'pending' ? delivery.nextTryAt.toISOString() : null,
  ended_at: timestampOrNull(delivery.endedAt)
})
