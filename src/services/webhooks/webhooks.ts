/** Webhooks of a project: made, tried, changed and removed here; what is sent to them, by sender.ts. */
import { randomUUID } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { Webhook, WebhookEvent } from '../../domain/webhook.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { createDeliveryVerbs } from './deliveries.ts'
import type { PostOutcome, WebhookPost } from './post.ts'
import type { SecretSeal } from './seal.ts'
import { MESSAGE_HEADERS } from './sender.ts'
import { disable } from './settle.ts'
import { newSecret, signedHeaders } from './signature.ts'

export interface WebhookServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly newId: (kind: IdKind) => string
  readonly post: WebhookPost
  readonly seal: SecretSeal
}

export interface IssuedWebhook {
  readonly webhook: Webhook
  /** For its owner's eyes once. */
  readonly secret: string
}

export interface WebhookPatch {
  readonly url?: string
  readonly events?: readonly WebhookEvent[]
  readonly enabled?: boolean
}

export interface WebhookTest extends Omit<PostOutcome, 'retryAfterS'> {
  readonly messageId: string
}

export const MOST_WEBHOOKS = 10
/** Long enough to bring a new secret to every receiver, short enough for one that has leaked. */
const PREVIOUS_SECRET_MS = 86_400_000
/** Of a project, in one process. A test waits for the endpoint as long as it takes: nobody shall keep many requests waiting. */
const MOST_TESTS_AT_ONCE = 4

export type WebhookService = ReturnType<typeof createWebhookService>

export function createWebhookService({ unitOfWork, stores, newId, post, seal }: WebhookServiceDeps) {
  /** Projects, once for each test that waits. */
  let testing: readonly string[] = []

  const notFound = (id: string) => new AppError('webhook_not_found', { webhookId: id })

  /** @throws AppError webhook_not_found */
  async function get(projectId: string, id: string): Promise<Webhook> {
    const webhook = await stores.webhooks.find(projectId, id)
    if (webhook === null) throw notFound(id)
    return webhook
  }

  function checkUrl(url: string): void {
    const message = post.refusalOf(url)
    if (message !== null) throw new AppError('invalid_request', { errors: [{ path: '/url', message }] })
  }

  const change = <T>(projectId: string, id: string, work: (tx: Stores, known: Webhook) => Promise<T>): Promise<T> =>
    unitOfWork(async (tx) => {
      const known = await tx.webhooks.find(projectId, id, { lock: true })
      if (known === null) throw notFound(id)
      return work(tx, known)
    })

  async function sendTest(projectId: string, id: string): Promise<WebhookTest> {
    const { url } = await get(projectId, id)
    const secrets = await stores.webhooks.load(id)
    if (secrets === null) throw notFound(id)
    const at = await stores.now()
    const messageId = `msg_test_${randomUUID().replaceAll('-', '')}`
    const data = { webhook_id: id, message: 'A test: nothing has happened.' }
    const body = JSON.stringify({ type: 'webhook.test', timestamp: at.toISOString(), data })
    const headers = { ...MESSAGE_HEADERS, ...signedHeaders({ id: messageId, at, body }, seal.open(id, secrets)) }
    const { retryAfterS: _, ...outcome } = await post.send(url, headers, body)
    return { messageId, ...outcome }
  }

  return {
    ...createDeliveryVerbs({ unitOfWork, stores, get }),
    get,

    list: (projectId: string, page: PageRequest): Promise<Page<Webhook>> => stores.webhooks.list(projectId, page),

    /** @throws AppError invalid_request, webhooks_full */
    async create(
      projectId: string,
      { url, events }: { readonly url: string; readonly events: readonly WebhookEvent[] }
    ): Promise<IssuedWebhook> {
      checkUrl(url)
      const secret = newSecret()
      const disabled = { disabledReason: null, disabledAt: null, failingSince: null }
      const createdAt = await stores.now()
      const id = newId('webhook')
      const webhook: Webhook = { id, projectId, url, events, ...disabled, createdAt }
      const secrets = { secret: seal.seal(id, secret), previousSecret: null, previousUntil: null }
      const isMade = await unitOfWork((tx) => tx.webhooks.insert({ ...webhook, ...secrets }, MOST_WEBHOOKS))
      if (!isMade) throw new AppError('webhooks_full', { most: MOST_WEBHOOKS })
      return { webhook, secret }
    },

    /** What is left out stays. @throws AppError webhook_not_found, precondition_failed, invalid_request */
    async update(
      projectId: string,
      id: string,
      { enabled, isExpected, ...patch }: WebhookPatch & Expecting<Webhook>
    ): Promise<Webhook> {
      if (patch.url !== undefined) checkUrl(patch.url)
      await change(projectId, id, async (tx, known) => {
        checkExpected(known, { isExpected }, `Webhook ${id}`)
        // Another address has not failed yet.
        const isOther = patch.url !== undefined && patch.url !== known.url
        await tx.webhooks.update(id, isOther ? { ...patch, failingSince: null } : patch)
        const isEnabled = known.disabledAt === null
        if (enabled === true && !isEnabled)
          await tx.webhooks.update(id, { disabledReason: null, disabledAt: null, failingSince: null })
        if (enabled === false && isEnabled) await disable(tx, known, 'by_user')
      })
      return get(projectId, id)
    },

    /** @throws AppError webhook_not_found */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        if (!(await tx.webhooks.remove(projectId, id))) throw notFound(id)
      }),

    /** The secret before signs along for a day. @throws AppError webhook_not_found */
    rotate: (projectId: string, id: string): Promise<IssuedWebhook> =>
      change(projectId, id, async (tx, webhook) => {
        const secret = newSecret()
        const known = await tx.webhooks.load(id)
        const previousUntil = new Date((await tx.now()).getTime() + PREVIOUS_SECRET_MS)
        // The one before as it was kept.
        const sealed = seal.seal(id, secret)
        await tx.webhooks.update(id, { secret: sealed, previousSecret: known?.secret ?? null, previousUntil })
        return { webhook, secret }
      }),

    /** Also of a disabled one. Sent once, and kept nowhere. @throws AppError webhook_not_found, too_much_at_once */
    async test(projectId: string, id: string): Promise<WebhookTest> {
      if (testing.filter((one) => one === projectId).length >= MOST_TESTS_AT_ONCE)
        throw new AppError('too_much_at_once', {
          message: 'Other tests of this project are under way.',
          retryAfterS: 5
        })
      testing = [...testing, projectId]
      try {
        return await sendTest(projectId, id)
      } finally {
        testing = testing.toSpliced(testing.indexOf(projectId), 1)
      }
    }
  }
}
