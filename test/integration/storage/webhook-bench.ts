/** Webhooks with time, records and senders of a test's own, and an endpoint that answers as the test says. */
import assert from 'node:assert/strict'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { NewRunEvent, Run } from '../../../src/domain/run.ts'
import { WEBHOOK_EVENTS, type Webhook, type WebhookDelivery } from '../../../src/domain/webhook.ts'
import type { PostOutcome } from '../../../src/services/webhooks/post.ts'
import { createSecretSeal } from '../../../src/services/webhooks/seal.ts'
import { createWebhookSender } from '../../../src/services/webhooks/sender.ts'
import { newSecret } from '../../../src/services/webhooks/signature.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import type { Bench } from './databases.ts'

export const DAY_MS = 86_400_000
export const state = (status: string): NewRunEvent => ({ type: 'state', level: 'info', data: { status } })
export const answering = (responseStatus: number | null, retryAfterS: number | null = null): PostOutcome => ({
  responseStatus,
  responseBody: responseStatus === null ? null : 'what came back',
  error: responseStatus === null ? 'There was no answer.' : null,
  durationMs: 3,
  retryAfterS
})

interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function webhookBench({ database, queue }: Pick<Bench, 'database' | 'queue'>) {
  const clock = fakeClock()
  const now = () => new Date(clock.now())
  const stores = createStores(database, queue, now)
  const unitOfWork = createUnitOfWork(database, queue, now)
  const sent: Sent[] = []
  let answer: (sent: Sent) => PostOutcome | Promise<PostOutcome> = () => answering(204)
  const post = {
    refusalOf: () => null,
    async send(url: string, headers: Readonly<Record<string, string>>, body: string) {
      const one = { url, headers, body }
      sent.push(one)
      return answer(one)
    }
  }
  const quiet = { logger: silentLogger, seal: createSecretSeal(null), keptDays: 30 }
  const aSender = (draw = () => 0) => createWebhookSender({ unitOfWork, stores, post, clock, ...quiet, draw })
  const sender = aSender()
  const aWebhook = async ({ projectId }: Pick<Run, 'projectId'>, more: Partial<Webhook> = {}): Promise<Webhook> => {
    const disabled = { disabledReason: null, disabledAt: null, failingSince: null }
    const url = `https://hooks.example/${newId('request')}`
    const id = newId('webhook')
    const webhook = { id, projectId, url, events: WEBHOOK_EVENTS, ...disabled, createdAt: now(), ...more }
    const secrets = { secret: newSecret(), previousSecret: null, previousUntil: null }
    assert.ok(await unitOfWork((tx) => tx.webhooks.insert({ ...webhook, ...secrets }, 10)))
    return webhook
  }
  return {
    clock,
    now,
    stores,
    unitOfWork,
    sent,
    sender,
    aSender,
    aWebhook,
    answerWith: (next: typeof answer) => {
      answer = next
    },
    tell: (run: Run, ...events: NewRunEvent[]) => unitOfWork((tx) => tx.events.append(run.id, events, now())),
    sendDue: async () => {
      const begun = await sender.sendDue()
      await sender.settled()
      return begun
    },
    deliveriesOf: async ({ id }: Webhook): Promise<WebhookDelivery[]> =>
      [...(await stores.deliveries.list(id, {}, { limit: 100, after: null })).data].reverse()
  }
}
