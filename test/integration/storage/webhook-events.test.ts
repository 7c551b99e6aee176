/** From what happens to what is sent, and how webhooks end, on both databases and under a clock that stands still. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import type { NewRunEvent } from '../../../src/domain/run.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aModel, anEvaluation, aStoredRun } from './records.ts'
import { answering, DAY_MS, state, webhookBench } from './webhook-bench.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`what webhooks hear on ${name}`, { skip })
    continue
  }
  const { database, queue } = await openBench({ after }, open)
  const bench = () => webhookBench({ database, queue })

  describe(`what webhooks hear on ${name}`, () => {
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
