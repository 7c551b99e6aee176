/** When and by whom what waits for webhooks is sent, on both databases and under a clock that stands still. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { onHappening } from '../../../src/base/happenings.ts'
import { RETRY_AFTER_S } from '../../../src/domain/webhook.ts'
import type { PostOutcome } from '../../../src/services/webhooks/post.ts'
import { createSecretSeal } from '../../../src/services/webhooks/seal.ts'
import { newSecret } from '../../../src/services/webhooks/signature.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aStoredRun } from './records.ts'
import { answering, DAY_MS, state, webhookBench } from './webhook-bench.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`the sender of webhooks on ${name}`, { skip })
    continue
  }
  const { database, queue } = await openBench({ after }, open)
  const bench = () => webhookBench({ database, queue })

  describe(`the sender of webhooks on ${name}`, () => {
    // Senders serve every project, also those of tests before.
    beforeEach(() => database.pool.query('delete from webhooks'))

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
  })
}
