import { AppError } from '../../base/errors.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { DeliveryStatus, Webhook, WebhookDelivery } from '../../domain/webhook.ts'

export interface DeliveryDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly get: (projectId: string, id: string) => Promise<Webhook>
}

export const createDeliveryVerbs = ({ unitOfWork, stores, get }: DeliveryDeps) => ({
  /** @throws AppError webhook_not_found */
  async listDeliveries(
    projectId: string,
    webhookId: string,
    query: { readonly status?: DeliveryStatus; readonly page: PageRequest }
  ): Promise<Page<WebhookDelivery>> {
    await get(projectId, webhookId)
    return stores.deliveries.list(webhookId, query, query.page)
  },

  /**
   * Due at once, with all its tries before it; one that waits is brought forward.
   *
   * @throws AppError webhook_not_found, webhook_disabled, delivery_not_found, delivery_under_way
   */
  replay: (projectId: string, webhookId: string, id: string): Promise<WebhookDelivery> =>
    unitOfWork(async (tx) => {
      const webhook = await tx.webhooks.find(projectId, webhookId, { lock: true })
      if (webhook === null) throw new AppError('webhook_not_found', { webhookId })
      const known = await tx.deliveries.find({ projectId, webhookId, id }, { lock: true })
      if (known === null) throw new AppError('delivery_not_found', { deliveryId: id })
      if (webhook.disabledAt !== null) throw new AppError('webhook_disabled', { webhookId })
      const now = await tx.now()
      if (known.leasedUntil !== null && known.leasedUntil > now)
        throw new AppError('delivery_under_way', { deliveryId: id })
      const again = { status: 'pending', tries: 0, nextTryAt: now, leasedUntil: null, endedAt: null } as const
      await tx.deliveries.update(id, again)
      return { ...known, ...again }
    })
})
