/**
 * Sends deliveries that are due. Every API process has one: API processes are where the way to the internet is already
 * judged and allowed, and where the test button is answered; workers may stand where there is no way out, and are busy for
 * hours. A sender that dies has its deliveries taken by another when their lease ends.
 */
import type { Clock } from '../../base/clock.ts'
import { isAppError } from '../../base/errors.ts'
import { happened } from '../../base/happenings.ts'
import type { Logger } from '../../base/log.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { WebhookDelivery } from '../../domain/webhook.ts'
import type { PostOutcome, WebhookPost } from './post.ts'
import type { SecretSeal } from './seal.ts'
import { disable, settle } from './settle.ts'
import { signedHeaders } from './signature.ts'

export interface WebhookSenderDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly post: WebhookPost
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Deliveries that ended are kept so long. */
  readonly keptDays: number
  readonly seal: SecretSeal
  /** From 0 to 1, another number each time; by default by lot. */
  readonly draw?: () => number
}

export interface WebhookSender {
  /** Begins what is due and there is room for; returns how many. Their ends: `settled`. */
  sendDue(): Promise<number>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** Ends what waits for disabled webhooks, disables those whose deliveries pile up, removes old deliveries. */
  tidy(): Promise<void>
  /** Until `stop`, does both again and again. */
  start(): void
  /** What is under way comes to its end, within the deadline of a request. */
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 1000
const TIDY_EVERY_MS = 60_000
/** The deadline of a request and time to write down what came of it. */
const LEASE_MS = 60_000
const MOST_AT_ONCE = 64
const MOST_OF_WEBHOOK = 4
const MOST_OF_PROJECT = 16
const MOST_WAITING = 10_000
const REMOVED_AT_ONCE = 1000
const DAY_MS = 86_400_000

const NO_ANSWER: PostOutcome = {
  responseStatus: null,
  responseBody: null,
  error: null,
  durationMs: 0,
  retryAfterS: null
}

export const MESSAGE_HEADERS = { 'content-type': 'application/json', 'user-agent': 'kappa-webhooks' }

export function createWebhookSender({
  unitOfWork,
  stores,
  post,
  clock,
  logger,
  keptDays,
  seal,
  draw = Math.random
}: WebhookSenderDeps): WebhookSender {
  const underWay = new Set<Promise<void>>()
  const stopping = new AbortController()
  let loop = Promise.resolve()

  async function tryOnce(delivery: WebhookDelivery): Promise<PostOutcome | null> {
    const webhook = await stores.webhooks.load(delivery.webhookId)
    if (webhook === null) return null
    const message = { id: delivery.id, at: await stores.now(), body: delivery.body }
    try {
      const headers = signedHeaders(message, seal.open(webhook.id, webhook))
      return await post.send(webhook.url, { ...MESSAGE_HEADERS, ...headers }, delivery.body)
    } catch (error) {
      if (!isAppError(error, 'secret_unreadable')) throw error
      logger.warn({ err: error, webhookId: webhook.id }, 'a webhook cannot be signed for')
      return { ...NO_ANSWER, error: error.message }
    }
  }

  async function deliver(delivery: WebhookDelivery): Promise<void> {
    const { id: deliveryId, webhookId, projectId } = delivery
    try {
      const outcome = await tryOnce(delivery)
      if (outcome === null) return
      const { status, disabled } = await unitOfWork((tx) => settle(tx, delivery, { outcome, draw: draw() }))
      if (status !== null) happened('deliveryTried', { outcome: status })
      if (disabled !== null) logger.warn({ webhookId, projectId, reason: disabled }, 'a webhook was disabled')
    } catch (error) {
      // Its lease ends, and it is sent again: receivers know it by its id.
      logger.warn({ err: error, deliveryId, webhookId }, 'what came of a delivery could not be written down')
    }
  }

  async function sendDue(): Promise<number> {
    const limit = MOST_AT_ONCE - underWay.size
    if (limit <= 0) return 0
    const now = await stores.now()
    const until = new Date(now.getTime() + LEASE_MS)
    const bounds = { perWebhook: MOST_OF_WEBHOOK, perProject: MOST_OF_PROJECT }
    const claimed = await stores.deliveries.claim({ now, until, limit, ...bounds })
    for (const delivery of claimed) {
      const sending = deliver(delivery).finally(() => underWay.delete(sending))
      underWay.add(sending)
    }
    return claimed.length
  }

  async function tidy(): Promise<void> {
    for (const id of await stores.webhooks.listBacklogged(MOST_WAITING)) {
      await unitOfWork(async (tx) => {
        const webhook = await tx.webhooks.load(id, { lock: true })
        if (webhook !== null && webhook.disabledAt === null) await disable(tx, webhook, 'backlog')
      })
      logger.warn({ webhookId: id, reason: 'backlog' }, 'a webhook was disabled')
    }
    const now = await stores.now()
    await stores.deliveries.endOfDisabled(now)
    const before = new Date(now.getTime() - keptDays * DAY_MS)
    while ((await stores.deliveries.removeEnded(before, REMOVED_AT_ONCE)) === REMOVED_AT_ONCE) {
      if (stopping.signal.aborted) return
    }
  }

  async function run(): Promise<void> {
    let tidiedAt = Number.NEGATIVE_INFINITY
    let isAway = false
    while (!stopping.signal.aborted) {
      try {
        await sendDue()
        if (clock.now() - tidiedAt >= TIDY_EVERY_MS) {
          await tidy()
          tidiedAt = clock.now()
        }
        isAway = false
      } catch (error) {
        // One line for an outage, however long it is.
        if (!isAway) logger.warn({ err: error }, 'webhooks cannot be sent')
        isAway = true
      }
      const paused = clock.sleep(LOOK_EVERY_MS, stopping.signal).catch(() => {}) // stopping: leaves the loop
      // The end of one makes room for the next of its webhook.
      await Promise.race([paused, ...underWay])
    }
  }

  const settled = async (): Promise<void> => void (await Promise.all(underWay))

  return {
    sendDue,
    settled,
    tidy,
    start() {
      loop = run()
    },
    async stop() {
      stopping.abort(new Error('the process stops'))
      await loop
      await settled()
    }
  }
}
