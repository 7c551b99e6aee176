/** As stores.ts: part of everything that is written together. */
import type { Page, PageRequest } from './page.ts'
import type { DeliveryStatus, Webhook, WebhookDelivery, WebhookSecrets } from './webhook.ts'

export interface WebhookStore {
  /** False when the project has `most` of them; safe under concurrent calls, in a unit of work. */
  insert(webhook: Webhook & WebhookSecrets, most: number): Promise<boolean>
  /** Without its secrets. With `lock`, the row stays locked until the transaction ends. */
  find(projectId: string, id: string, options?: { lock: boolean }): Promise<Webhook | null>
  /** For those who sign. The row is locked before that of a delivery, always. */
  load(id: string, options?: { lock: boolean }): Promise<(Webhook & WebhookSecrets) | null>
  list(projectId: string, page: PageRequest): Promise<Page<Webhook>>
  update(id: string, patch: Partial<Webhook & WebhookSecrets>): Promise<void>
  /** With its deliveries; false when there is none. */
  remove(projectId: string, id: string): Promise<boolean>
  /** Of any project: those whose secret, or the one before, does not begin like this. */
  countSecretsWithout(prefix: string): Promise<number>
  /** Ids of enabled ones for which more than so many deliveries wait. */
  listBacklogged(most: number): Promise<readonly string[]>
}

export interface DeliveryClaim {
  readonly now: Date
  readonly until: Date
  readonly limit: number
  /** Under way at once, with those of all other senders. */
  readonly perWebhook: number
  readonly perProject: number
}

export type DeliveryPatch = Partial<
  Omit<WebhookDelivery, 'id' | 'projectId' | 'webhookId' | 'event' | 'subject' | 'body' | 'createdAt'>
>

export interface WebhookDeliveryStore {
  find(
    named: Pick<WebhookDelivery, 'projectId' | 'webhookId' | 'id'>,
    options?: { lock: boolean }
  ): Promise<WebhookDelivery | null>
  list(
    webhookId: string,
    filter: { readonly status?: DeliveryStatus },
    page: PageRequest
  ): Promise<Page<WebhookDelivery>>
  /** Leases those that are due; two senders never get the same one, and projects take turns. */
  claim(claim: DeliveryClaim): Promise<readonly WebhookDelivery[]>
  update(id: string, patch: DeliveryPatch): Promise<void>
  /** False when the claim has run out and another sender has it, or it was ended: nothing was written. */
  settle(claimed: Pick<WebhookDelivery, 'id' | 'leasedUntil'>, patch: DeliveryPatch): Promise<boolean>
  /** Ends what waits for webhooks that are disabled and is not being sent. */
  endOfDisabled(now: Date): Promise<void>
  /** Removes up to `limit` that ended before; returns how many. */
  removeEnded(before: Date, limit: number): Promise<number>
}
