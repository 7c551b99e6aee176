/** From what happens to what is sent, on both databases and under a clock that stands still. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { onHappening } from '../../../src/base/happenings.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { NewRunEvent, Run } from '../../../src/domain/run.ts'
import { RETRY_AFTER_S, WEBHOOK_EVENTS, type Webhook, type WebhookDelivery } from '../../../src/domain/webhook.ts'
import type { PostOutcome } from '../../../src/services/webhooks/post.ts'
import { createSecretSeal } from '../../../src/services/webhooks/seal.ts'
import { createWebhookSender } from '../../../src/services/webhooks/sender.ts'
import { newSecret } from '../../../src/services/webhooks/signature.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aModel, anEvaluation, aStoredRun } from './records.ts'

const DAY_MS = 86_400_000
const state = (status: string): NewRunEvent => ({ type: 'state', level: 'info', data: { status } })
const answering = (responseStatus: number | null, retryAfterS: number | null = null): PostOutcome => ({
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

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`webhooks on ${name}`, { skip })
    continue
  }
  const { database, queue } = await openBench({ after }, open)

  /** Time, records and senders of a test's own. */
  function bench() {
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

  describe(`webhooks on ${name}`, () => {
    // Senders serve every project, also those of tests before.
    beforeEach(() => database.pool.query('delete from webhooks'))

    test('an event is sent once, signed, with what happened, to those who asked for it', async () => {
      const { stores, aWebhook, tell, sendDue, sent, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run, { events: ['run.state', 'run.alarm'] })
      const other = await aWebhook(run, { events: ['model.ready'] })
      await tell(run, state('running'), { type: 'checkpoint', level: 'info', data: {} })
      assert.equal(await sendDue(), 1)
      assert.equal(await sendDue(), 0)
      const [delivery] = await deliveriesOf(webhook)
      assert.deepEqual([delivery?.status, delivery?.tries, delivery?.responseStatus], ['succeeded', 1, 204])
      assert.deepEqual(await deliveriesOf(other), [])
      const [message] = sent
      assert.equal(sent.length, 1)
      assert.equal(message?.url, webhook.url)
      assert.equal(message?.headers['webhook-id'], delivery?.id)
      assert.match(message?.headers['webhook-signature'] ?? '', /^v1,/)
      const body = JSON.parse(message?.body ?? '')
      assert.deepEqual([body.type, body.data.run_id, body.data.seq], ['run.state', run.id, 1])
      assert.deepEqual(body.data.data, { status: 'running' })
    })

    test('a sender that is started looks every second until it is stopped, and comes to an end', async () => {
      const { clock, stores, aWebhook, tell, sender, sent, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      sender.start()
      await tell(run, state('running'))
      // Time goes on only while the sender sleeps: on a busy machine a minute, which is a lease, passed within one query.
      while (sent.length === 0) await (clock.isAwaited() ? clock.advance(1000) : settle())
      await sender.stop()
      assert.equal((await deliveriesOf(webhook))[0]?.status, 'succeeded')
      await tell(run, state('succeeded'))
      await clock.advance(10_000)
      assert.equal(sent.length, 1)
    })

    test('a transaction that fails tells nothing, and what is committed is sent by whoever comes later', async () => {
      const { stores, unitOfWork, aWebhook, tell, now, sent, deliveriesOf, aSender } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      const crash = new Error('the process dies before it commits')
      const dying = unitOfWork(async (tx) => {
        await tx.events.append(run.id, [state('running')], now())
        throw crash
      })
      await assert.rejects(dying, crash)
      assert.deepEqual(await deliveriesOf(webhook), [])
      await tell(run, state('running'))
      assert.deepEqual(sent, [], 'the process dies after it has committed')
      const another = aSender()
      await another.sendDue()
      await another.settled()
      assert.equal(sent.length, 1)
    })

    test('models, evaluations and versions tell of their ends, those without a run too', async () => {
      const { stores, aWebhook, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      const made = aModel(run)
      const imported = aModel(run, { runId: null })
      const error = { code: 'archive_invalid', message: 'It is none.' }
      await stores.models.insert(made)
      await stores.models.insert(imported)
      const unwanted = aModel(run)
      await stores.models.insert(unwanted)
      await stores.models.update(unwanted.id, { status: 'cancelled' })
      await stores.models.update(made.id, { step: 7 })
      await stores.models.update(made.id, { status: 'ready' })
      await stores.models.update(imported.id, { status: 'failed', error })
      const evaluation = anEvaluation(run, made.id)
      await stores.evaluations.insert(evaluation)
      await stores.evaluations.update(evaluation.id, { status: 'running', attempt: 1 })
      await stores.evaluations.update(evaluation.id, { status: 'succeeded' })
      await stores.evaluations.insert(anEvaluation(run, made.id, { status: 'failed', error }))
      await stores.datasets.updateVersion(run.datasetId, 1, { status: 'ingesting' })
      await stores.datasets.updateVersion(run.datasetId, 1, { images: 12 })
      await stores.datasets.updateVersion(run.datasetId, 1, { status: 'ready' })
      const deliveries = await deliveriesOf(webhook)
      assert.deepEqual(
        deliveries.map(({ event, subject }) => `${event} ${subject}`).sort(),
        [
          `evaluation.ended ${JSON.parse(deliveries.find(({ event, subject }) => event === 'evaluation.ended' && subject !== evaluation.id)?.body ?? '').data.evaluation_id}`,
          `evaluation.ended ${evaluation.id}`,
          `model.cancelled ${unwanted.id}`,
          `model.failed ${imported.id}`,
          `model.ready ${made.id}`,
          `version.ready ${run.datasetId}@1`
        ].sort()
      )
      const failed = deliveries.find(({ event }) => event === 'model.failed')
      const { data } = JSON.parse(failed?.body ?? '')
      assert.deepEqual(data, { model_id: imported.id, name: null, run_id: null, status: 'failed', error })
    })

    test('a failing endpoint is tried by the specification’s schedule, with the same id and bytes, and then no more', async () => {
      const { clock, stores, aWebhook, tell, sendDue, sent, deliveriesOf, answerWith } = bench()
      answerWith(() => answering(500))
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      assert.equal(await sendDue(), 1)
      for (const waitS of RETRY_AFTER_S) {
        await clock.advance(waitS * 1000 - 1)
        assert.equal(await sendDue(), 0, `not before ${waitS} s`)
        await clock.advance(1)
        assert.equal(await sendDue(), 1, `after ${waitS} s`)
      }
      const [delivery] = await deliveriesOf(webhook)
      assert.deepEqual([delivery?.status, delivery?.tries, delivery?.responseStatus], ['failed', 10, 500])
      assert.equal(delivery?.responseBody, 'what came back')
      await clock.advance(30 * DAY_MS)
      assert.equal(await sendDue(), 0)
      assert.equal(new Set(sent.map(({ headers }) => headers['webhook-id'])).size, 1)
      assert.equal(new Set(sent.map(({ body }) => body)).size, 1)
      assert.equal(
        new Set(sent.map(({ headers }) => headers['webhook-timestamp'])).size,
        10,
        'each try has its own time'
      )
    })

    test('tries that failed together do not all come again together: each is up to a tenth later', async () => {
      const { clock, stores, aWebhook, tell, aSender, deliveriesOf, answerWith } = bench()
      answerWith(() => answering(500))
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, ...Array.from({ length: 3 }, (_, i) => state(`s${i}`)))
      const draws = [0, 0.5, 1]
      const sender = aSender(() => draws.pop() ?? 0)
      await sender.sendDue()
      await sender.settled()
      const waits = (await deliveriesOf(webhook)).map(({ nextTryAt }) => nextTryAt.getTime() - clock.now())
      assert.deepEqual(waits.sort(), [5000, 5250, 5500])
    })

    test('a secret that cannot be read is a failed try that says why, and ends with its rotation', async () => {
      const { stores, aWebhook, tell, sendDue, sent, deliveriesOf, clock } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      const sealed = createSecretSeal('a key of the operator that is another one').seal(webhook.id, newSecret())
      await stores.webhooks.update(webhook.id, { secret: sealed })
      await tell(run, state('running'))
      await sendDue()
      const [delivery] = await deliveriesOf(webhook)
      assert.match(delivery?.error ?? '', /KAPPA_SECRET_KEY is not set/)
      assert.deepEqual([delivery?.status, sent.length], ['pending', 0])
      await stores.webhooks.update(webhook.id, { secret: newSecret() })
      await clock.advance(5000)
      await sendDue()
      assert.equal((await deliveriesOf(webhook))[0]?.status, 'succeeded')
    })

    test('tries are counted by what became of their deliveries', async (t) => {
      const { clock, stores, aWebhook, tell, sendDue, answerWith } = bench()
      const outcomes: string[] = []
      t.after(onHappening('deliveryTried', ({ outcome }) => void outcomes.push(outcome)))
      const run = await aStoredRun(stores)
      await aWebhook(run)
      for (const status of [500, 200, 410]) {
        answerWith(() => answering(status))
        if (status !== 200) await tell(run, state(`s${status}`))
        await clock.advance(5000)
        await sendDue()
      }
      assert.deepEqual(outcomes, ['pending', 'succeeded', 'failed'])
    })

    test('an endpoint may ask for a longer wait, not for a shorter one', async () => {
      const { clock, stores, aWebhook, tell, sendDue, deliveriesOf, answerWith } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      const waitS = async (): Promise<number> =>
        (((await deliveriesOf(webhook))[0]?.nextTryAt.getTime() ?? 0) - clock.now()) / 1000
      for (const [asked, given] of [
        [3600, 3600],
        [1, 300],
        [9_999_999, 86_400]
      ] as const) {
        answerWith(() => answering(429, asked))
        assert.equal(await sendDue(), 1)
        assert.equal(await waitS(), given)
        await clock.advance(given * 1000)
      }
    })

    test('two senders at once send each delivery once, and no webhook more than four at a time', async () => {
      const { stores, aWebhook, tell, sent, aSender, answerWith } = bench()
      const run = await aStoredRun(stores)
      await aWebhook(run)
      await tell(run, ...Array.from({ length: 12 }, (_, i) => state(`s${i}`)))
      let atOnce = 0
      let most = 0
      const waiting: (() => void)[] = []
      answerWith(async () => {
        most = Math.max(most, ++atOnce)
        await new Promise<void>((resolve) => waiting.push(resolve))
        atOnce -= 1
        return answering(200)
      })
      const senders = [aSender(), aSender(), aSender()]
      for (let round = 0; round < 6; round++) {
        await Promise.all(senders.map((one) => one.sendDue()))
        const settled = Promise.all(senders.map((one) => one.settled()))
        while (sent.length < Math.min(12, (round + 1) * 4) || waiting.length < atOnce) await new Promise(setImmediate)
        for (const go of waiting.splice(0)) go()
        await settled
      }
      assert.equal(most, 4)
      assert.equal(sent.length, 12)
      assert.equal(new Set(sent.map(({ headers }) => headers['webhook-id'])).size, 12)
    })

    test('one project with many due takes no other project’s turn', async () => {
      const { stores, aWebhook, tell, sender, sent, answerWith } = bench()
      const busy = await aStoredRun(stores)
      const quiet = await aStoredRun(stores)
      for (let i = 0; i < 8; i++) await aWebhook(busy)
      const webhook = await aWebhook(quiet)
      await tell(busy, ...Array.from({ length: 20 }, (_, i) => state(`s${i}`)))
      await tell(quiet, state('running'))
      answerWith(() => new Promise(() => {}))
      await sender.sendDue()
      while (sent.length < 17) await new Promise(setImmediate)
      assert.equal(sent.length, 17, 'sixteen of the busy one')
      assert.ok(sent.some(({ url }) => url === webhook.url))
      assert.equal(await sender.sendDue(), 0)
    })

    test('what a sender had that died is sent by another when its lease ends, and the dead one changes nothing', async () => {
      const { clock, stores, aWebhook, tell, sender, sent, answerWith, aSender, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      let wake: (outcome: PostOutcome) => void = () => {}
      answerWith(
        () =>
          new Promise((resolve) => {
            wake = resolve
          })
      )
      await sender.sendDue()
      while (sent.length === 0) await new Promise(setImmediate)
      const another = aSender()
      await clock.advance(59_000)
      assert.equal(await another.sendDue(), 0)
      await clock.advance(1000)
      const late = wake
      answerWith(() => answering(200))
      assert.equal(await another.sendDue(), 1)
      await another.settled()
      late(answering(500))
      await sender.settled()
      const [delivery] = await deliveriesOf(webhook)
      assert.deepEqual([delivery?.status, delivery?.responseStatus, delivery?.tries], ['succeeded', 200, 2])
    })

    test('an endpoint that says that it is gone is disabled at once, and what waits for it ends', async () => {
      const { clock, stores, aWebhook, tell, sendDue, deliveriesOf, answerWith } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      answerWith(() => answering(500))
      await sendDue()
      await tell(run, state('succeeded'))
      answerWith(() => answering(410))
      await sendDue()
      const found = await stores.webhooks.find(run.projectId, webhook.id)
      assert.deepEqual([found?.disabledReason, found?.disabledAt], ['gone', new Date(clock.now())])
      assert.deepEqual(
        (await deliveriesOf(webhook)).map(({ status }) => status),
        ['failed', 'failed']
      )
      await tell(run, state('again'))
      assert.equal((await deliveriesOf(webhook)).length, 2, 'nothing is queued for it any more')
    })

    test('what waits for a webhook that is disabled ends with what had gone wrong before', async () => {
      const { now, stores, unitOfWork, aWebhook, tell, sendDue, sender, deliveriesOf, answerWith } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      answerWith(() => ({ ...answering(null), error: 'The name cannot be resolved.' }))
      await sendDue()
      await tell(run, state('succeeded'))
      await unitOfWork((tx) => tx.webhooks.update(webhook.id, { disabledReason: 'by_user', disabledAt: now() }))
      await sender.tidy()
      assert.deepEqual((await deliveriesOf(webhook)).map(({ status, error }) => [status, error]).toSorted(), [
        ['failed', 'The name cannot be resolved. The webhook was disabled.'],
        ['failed', 'The webhook was disabled.']
      ])
    })

    test('an endpoint that fails for five days is disabled, one success begins them anew', async () => {
      const { clock, stores, aWebhook, tell, sendDue, answerWith } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      const reason = async () => (await stores.webhooks.find(run.projectId, webhook.id))?.disabledReason
      const tellDaily = async (status: number | null, days: number) => {
        answerWith(() => answering(status))
        for (let day = 0; day < days; day++) {
          await tell(run, state('running'))
          await sendDue()
          await clock.advance(DAY_MS)
        }
      }
      await tellDaily(null, 5)
      assert.equal(await reason(), null)
      await tellDaily(200, 1)
      await tellDaily(503, 5)
      assert.equal(await reason(), null)
      await tellDaily(503, 1)
      assert.equal(await reason(), 'given_up')
    })

    test('of progress a webhook hears once a minute and run, of all else every time', async () => {
      const { clock, stores, aWebhook, tell, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      const progress = (step: number): NewRunEvent => ({ type: 'progress', level: 'info', data: { step } })
      for (let step = 0; step < 20; step++) {
        await tell(run, progress(step))
        await tell(run, state(`s${step}`))
        await clock.advance(10_000)
      }
      const events = (await deliveriesOf(webhook)).map(({ event }) => event)
      assert.equal(events.filter((one) => one === 'run.progress').length, 4)
      assert.equal(events.filter((one) => one === 'run.state').length, 20)
    })

    test('an event of more than 64,000 characters is named instead of sent', async () => {
      const { stores, aWebhook, tell, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, { type: 'message', level: 'warn', data: { message: 'x'.repeat(70_000) } })
      const [delivery] = await deliveriesOf(webhook)
      assert.deepEqual(JSON.parse(delivery?.body ?? '').data, {
        subject: run.id,
        left_out: 'The event is too large to be sent.'
      })
    })

    test('deliveries are removed thirty days after they ended, those that wait stay', async () => {
      const { clock, stores, aWebhook, tell, sendDue, sender, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      await sendDue()
      await clock.advance(30 * DAY_MS)
      await tell(run, state('succeeded'))
      await sender.tidy()
      assert.equal((await deliveriesOf(webhook)).length, 2)
      await clock.advance(1)
      await sender.tidy()
      assert.deepEqual(
        (await deliveriesOf(webhook)).map(({ status }) => status),
        ['pending']
      )
    })

    test('one for which ten thousand wait is disabled with that reason, and all of them end', async () => {
      const { stores, aWebhook, tell, sender } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await aWebhook(run, { events: ['model.ready'] })
      await tell(run, ...Array.from({ length: 5000 }, () => state('running')))
      await tell(run, ...Array.from({ length: 5000 }, () => state('running')))
      await sender.tidy()
      assert.equal((await stores.webhooks.find(run.projectId, webhook.id))?.disabledReason, null)
      await tell(run, state('running'))
      await sender.tidy()
      assert.equal((await stores.webhooks.find(run.projectId, webhook.id))?.disabledReason, 'backlog')
      const pending = { status: 'pending' } as const
      const waiting = await stores.deliveries.list(webhook.id, pending, { limit: 10, after: null })
      assert.deepEqual(waiting.data, [])
    })

    test('a webhook that is removed takes its deliveries along, and no transaction that would have told it', async () => {
      const { stores, unitOfWork, aWebhook, tell, sendDue, now, deliveriesOf } = bench()
      const run = await aStoredRun(stores)
      const webhook = await aWebhook(run)
      await tell(run, state('running'))
      // On the embedded database transactions wait for each other from their beginning.
      let removed: Promise<boolean> = Promise.resolve(false)
      await unitOfWork(async (tx) => {
        await tx.events.append(run.id, [state('succeeded')], now())
        removed = stores.webhooks.remove(run.projectId, webhook.id)
      })
      assert.equal(await removed, true)
      assert.deepEqual(await deliveriesOf(webhook), [])
      assert.equal(await sendDue(), 0)

      const other = await aWebhook(run)
      let told: Promise<unknown> = Promise.resolve()
      await unitOfWork(async (tx) => {
        assert.ok(await tx.webhooks.remove(run.projectId, other.id))
        told = tell(run, state('again'))
        await tx.now()
      })
      await told
      assert.equal((await stores.events.list(run.id, 0, 10)).length, 3)
    })
  })
}
