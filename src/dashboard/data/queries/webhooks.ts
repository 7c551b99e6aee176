/** What the pages of webhooks read. */
import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { dataOf, type KappaClient } from '../../../client/client.ts'
import type { Webhook, WebhookDelivery } from '../../../client/resources.ts'
import type { ListSource } from '../use-list.ts'

const ALL = ['webhooks'] as const
const LIST = [...ALL, 'list'] as const
const one = (id: string) => [...ALL, 'one', id] as const

/** Deliveries come by themselves. */
const POLL_MS = 5000

export const webhookList = (client: KappaClient): ListSource<Webhook> => ({
  queryKey: LIST,
  fetchPage: (page, signal) => dataOf(client.GET('/v1/webhooks', { params: { query: { limit: 25, ...page } }, signal }))
})

export const webhookQuery = (client: KappaClient, id: string) =>
  queryOptions({
    queryKey: one(id),
    queryFn: ({ signal }) => dataOf(client.GET('/v1/webhooks/{id}', { params: { path: { id } }, signal })),
    refetchInterval: POLL_MS
  })

export const deliveryList = (client: KappaClient, id: string): ListSource<WebhookDelivery> => ({
  queryKey: [...one(id), 'deliveries'],
  fetchPage: (page, signal) =>
    dataOf(
      client.GET('/v1/webhooks/{id}/deliveries', { params: { path: { id }, query: { limit: 25, ...page } }, signal })
    ),
  pollMs: () => POLL_MS
})

export const refreshWebhooks = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: ALL })

/** One was made or removed. */
export const refreshWebhookList = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: LIST })
