import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  CreateWebhook,
  DeliveryParams,
  DeliveryQuery,
  IssuedWebhook,
  presentDelivery,
  presentIssued,
  presentTest,
  presentWebhook,
  UpdateWebhook,
  Webhook,
  WebhookDelivery,
  WebhookDeliveryList,
  WebhookList,
  WebhookTest
} from '../schemas/webhook.ts'
import type { App } from '../server.ts'

const tags = ['webhooks']

/** The secret is shown once: what a replay would show of it is gone. */
const withoutSecret = (body: string): string => {
  const parsed: unknown = JSON.parse(body)
  return typeof parsed === 'object' && parsed !== null && 'secret' in parsed
    ? JSON.stringify({ ...parsed, secret: null })
    : body
}

export function webhookRoutes(app: App, { webhooks }: Pick<Services, 'webhooks'>): void {
  app.post(
    '/v1/webhooks',
    {
      schema: {
        operationId: 'createWebhook',
        tags,
        summary: 'Make a webhook',
        description:
          'Events are sent as the Standard Webhooks specification has it (docs/webhooks.md). The secret is in this answer and nowhere else.',
        body: CreateWebhook,
        response: { 201: IssuedWebhook }
      },
      config: { isIdempotent: true, redact: withoutSecret, problems: ['webhooks_full'] }
    },
    async ({ body, principal }, reply) => {
      const issued = await webhooks.create(principal.projectId, body)
      return reply.code(201).header('location', `/v1/webhooks/${issued.webhook.id}`).send(presentIssued(issued))
    }
  )

  app.get(
    '/v1/webhooks',
    {
      schema: {
        operationId: 'listWebhooks',
        tags,
        summary: 'List webhooks, newest first',
        querystring: PageQuery,
        response: { 200: WebhookList }
      }
    },
    async ({ query, principal }) =>
      presentPage(await webhooks.list(principal.projectId, toPageRequest(query)), presentWebhook)
  )

  app.get(
    '/v1/webhooks/:id',
    {
      schema: {
        operationId: 'getWebhook',
        tags,
        summary: 'Get a webhook',
        params: IdParams,
        response: { 200: Webhook, 304: Type.Null() }
      },
      config: { problems: ['webhook_not_found'] }
    },
    async ({ params, principal }) => presentWebhook(await webhooks.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/webhooks/:id',
    {
      schema: {
        operationId: 'updateWebhook',
        tags,
        summary: 'Change, disable or enable a webhook',
        description:
          'What is left out stays. What waits for a webhook that is disabled ends, and can be replayed later.',
        params: IdParams,
        body: UpdateWebhook,
        response: { 200: Webhook }
      },
      config: { problems: ['webhook_not_found'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentWebhook) }
      return presentWebhook(await webhooks.update(principal.projectId, params.id, asked))
    }
  )

  app.delete(
    '/v1/webhooks/:id',
    {
      schema: {
        operationId: 'deleteWebhook',
        tags,
        summary: 'Delete a webhook with its deliveries',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['webhook_not_found'] }
    },
    async ({ params, principal }, reply) => {
      await webhooks.remove(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}

export function webhookDeliveryRoutes(app: App, { webhooks }: Pick<Services, 'webhooks'>): void {
  app.post(
    '/v1/webhooks/:id([0-9a-z_]+)::rotate',
    {
      schema: {
        operationId: 'rotateWebhookSecret',
        tags,
        summary: 'Give a webhook a new secret',
        description: 'The secret is in this answer and nowhere else. The one before signs along for 24 hours.',
        params: IdParams,
        response: { 200: IssuedWebhook }
      },
      config: { problems: ['webhook_not_found'] }
    },
    async ({ params, principal }) => presentIssued(await webhooks.rotate(principal.projectId, params.id))
  )

  app.post(
    '/v1/webhooks/:id([0-9a-z_]+)::test',
    {
      schema: {
        operationId: 'testWebhook',
        tags,
        summary: 'Send a test event and see what comes back',
        description:
          'Once, with type webhook.test, also to a webhook that is disabled; waits up to 15 seconds for the answer.',
        params: IdParams,
        response: { 200: WebhookTest }
      },
      config: { problems: ['webhook_not_found', 'secret_unreadable', 'too_much_at_once'] }
    },
    async ({ params, principal }) => presentTest(await webhooks.test(principal.projectId, params.id))
  )

  app.get(
    '/v1/webhooks/:id/deliveries',
    {
      schema: {
        operationId: 'listWebhookDeliveries',
        tags,
        summary: 'List deliveries of a webhook, newest first',
        params: IdParams,
        querystring: DeliveryQuery,
        response: { 200: WebhookDeliveryList }
      },
      config: { problems: ['webhook_not_found'] }
    },
    async ({ params, query, principal }) => {
      const { status } = query
      const asked = { ...(status && { status }), page: toPageRequest(query) }
      return presentPage(await webhooks.listDeliveries(principal.projectId, params.id, asked), presentDelivery)
    }
  )

  app.post(
    '/v1/webhooks/:id/deliveries/:delivery_id([0-9a-z_]+)::replay',
    {
      schema: {
        operationId: 'replayWebhookDelivery',
        tags,
        summary: 'Send a delivery again',
        description: 'At once, whether it succeeded, failed or waits for its next try; with all its tries before it.',
        params: DeliveryParams,
        response: { 202: WebhookDelivery }
      },
      config: { problems: ['webhook_not_found', 'webhook_disabled', 'delivery_not_found', 'delivery_under_way'] }
    },
    async ({ params, principal }, reply) => {
      const delivery = await webhooks.replay(principal.projectId, params.id, params.delivery_id)
      return reply.code(202).send(presentDelivery(delivery))
    }
  )
}
