/** The installation in numbers, as the database has them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { readFigures } from '../../../src/composition/gauges.ts'
import type { Webhook, WebhookSecrets } from '../../../src/domain/webhook.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aCheckpoint, aStoredRun } from './records.ts'

const isAbout = (value: number | null | undefined, seconds: number) =>
  assert.ok(value != null && Math.abs(value - seconds) < 30, `${value} is not about ${seconds}`)
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)

const aWebhook = (projectId: string): Webhook & WebhookSecrets => ({
  id: newId('webhook'),
  projectId,
  url: 'https://hooks.example/',
  events: ['run.state'],
  disabledReason: null,
  disabledAt: null,
  failingSince: null,
  createdAt: ago(9000),
  secret: 'whsec_AAAA',
  previousSecret: null,
  previousUntil: null
})

for (const { name, skip, open } of CANDIDATES) {
  test(`${name}: queues, runs and the oldest checkpoint are counted`, { skip }, async (t) => {
    const { stores, database, boss } = await openBench(t, open)
    const figures = () => readFigures(database)
    const queueOf = async (kind: string) => (await figures()).queues.find((one) => one.kind === kind)

    const empty = await figures()
    assert.equal(empty.oldestCheckpointS, null)
    assert.deepEqual(Object.values(empty.runs), Array(9).fill(0))
    const none = { kind: 'run-leg', waiting: 0, delayed: 0, active: 0, oldestS: null }
    assert.deepEqual(await queueOf('run-leg'), none)

    await stores.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'a' })
    await stores.jobs.enqueue('run-leg', { runId: 'run_2' }, { key: 'b' })
    await stores.jobs.enqueue('run-leg', { runId: 'run_3' }, { key: 'c', startAfterS: 3600 })
    await database.pool.query(`update pgboss.job set created_on = now() - interval '90 s', start_after = now() - interval '90 s'
      where name = 'run-leg' and singleton_key = 'a'`)
    const queued = await queueOf('run-leg')
    assert.deepEqual({ ...queued, oldestS: null }, { ...none, waiting: 2, delayed: 1 })
    isAbout(queued?.oldestS, 90)
    const [job] = await boss.fetch('run-leg')
    const taken = await queueOf('run-leg')
    assert.deepEqual([taken?.waiting, taken?.active], [1, 1])
    await boss.complete('run-leg', job!.id)
    assert.equal((await queueOf('run-leg'))?.active, 0)

    await aStoredRun(stores)
    const run = await aStoredRun(stores, { status: 'running', startedAt: ago(600) })
    const first = await figures()
    assert.deepEqual([first.runs.queued, first.runs.running, first.runs.failed], [1, 1, 0])
    isAbout(first.oldestCheckpointS, 600)
    const checkpoint = aCheckpoint(run, 10, { createdAt: ago(100) })
    await stores.checkpoints.insert(checkpoint)
    await stores.runs.update(run.id, { latestCheckpointId: checkpoint.id })
    isAbout((await figures()).oldestCheckpointS, 100)
    await stores.runs.update(run.id, { status: 'succeeded' })
    assert.equal((await figures()).oldestCheckpointS, null)

    assert.deepEqual((await figures()).deliveries, { pending: 0, oldestDueS: null, oldestS: null })
    await stores.webhooks.insert(aWebhook(run.projectId), 10)
    const event = { type: 'state', level: 'info', data: {} } as const
    await stores.events.append(run.id, [event, event, event], new Date())
    // One is due, one waits for its next try since two hours, and one has arrived.
    await database.pool.query(`with numbered as (select id, row_number() over (order by id) as n from webhook_deliveries)
      update webhook_deliveries set status = case n when 3 then 'succeeded' else 'pending' end,
        created_at = now() - case n when 1 then interval '60 s' else interval '2 h' end,
        next_try_at = now() + case n when 2 then interval '1 h' else interval '-60 s' end
      from numbered where numbered.id = webhook_deliveries.id`)
    const { pending, oldestDueS, oldestS } = (await figures()).deliveries
    assert.equal(pending, 2)
    isAbout(oldestDueS, 60)
    isAbout(oldestS, 7200)
  })
}
