/** Runs that are paused, resumed, cancelled and tried again over the API; what their workers make of it: tasks/train-run.test.ts. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aRun = async () => {
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
  return (await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })).json
}
const ask = (id: string, verb: string, key?: string) => api.call('POST', `/v1/runs/${id}:${verb}`, key ? { key } : {})
const statesOf = async (id: string) =>
  (await api.stores.events.list(id, 0, 20)).filter(({ type }) => type === 'state').map(({ data }) => data['status'])

test('a run that waits is paused at once, and waits again when it is resumed, each asked twice and done once', {
  skip
}, async () => {
  const { id } = await aRun()
  for (const _ of [1, 2]) assert.equal((await ask(id, 'pause')).json.status, 'paused')
  const jobs = api.jobs.length
  for (const _ of [1, 2]) assert.equal((await ask(id, 'resume')).json.status, 'queued')
  const { status_reason: reason, resumed_at: at } = (await api.call('GET', `/v1/runs/${id}`)).json
  assert.deepEqual([reason, at === null], ['waiting_for_worker', false])
  assert.deepEqual(api.jobs.slice(jobs), [{ kind: 'run-leg', payload: { runId: id }, key: `${id}:0` }])
  assert.deepEqual(await statesOf(id), ['queued', 'paused', 'queued'])
})

test('a run that waits takes its job along when it is paused, cancelled or deleted, and no other', {
  skip
}, async () => {
  const [{ id }, { id: other }] = [await aRun(), await aRun()]
  const keys = () => api.jobs.flatMap(({ key }) => (key === `${id}:0` || key === `${other}:0` ? [key] : []))
  assert.deepEqual(keys(), [`${id}:0`, `${other}:0`])
  for (const [verb, back] of [
    ['pause', 'resume'],
    ['cancel', 'retry']
  ] as const) {
    await ask(id, verb)
    assert.deepEqual(keys(), [`${other}:0`], verb)
    await ask(id, back)
    assert.deepEqual(keys(), [`${other}:0`, `${id}:0`], back)
  }
  // As code before this left it.
  await api.stores.runs.update(id, { status: 'cancelled' })
  assert.equal((await api.call('DELETE', `/v1/runs/${id}`)).status, 204)
  assert.deepEqual(keys(), [`${other}:0`])
})

test('a run that is worked on is pausing, and goes on as if nobody had asked when it is resumed before', {
  skip
}, async () => {
  const { id } = await aRun()
  await api.stores.runs.update(id, { status: 'running' })
  assert.equal((await ask(id, 'pause')).json.status, 'pausing')
  assert.equal((await api.stores.runs.load(id))?.desired, 'pause')
  const resumed = await ask(id, 'resume')
  assert.deepEqual([resumed.json.status, resumed.json.resumed_at], ['running', null])
  assert.equal((await api.stores.runs.load(id))?.desired, 'run')
})

test('what failed or was cancelled is tried again, unless its images are gone', { skip }, async () => {
  const { id } = await aRun()
  const error = { code: 'loss_not_finite', message: 'nan', retryable: false, step: 3 }
  await api.stores.runs.update(id, { status: 'failed', error, finishedAt: new Date() })
  const again = await ask(id, 'retry')
  assert.deepEqual(
    [again.status, again.json.status, again.json.error, again.json.finished_at],
    [200, 'queued', null, null]
  )
  await ask(id, 'cancel')
  const { json } = await ask(id, 'retry')
  assert.equal(json.status, 'queued')
  await ask(id, 'cancel')
  await api.call('DELETE', `/v1/datasets/${json.dataset.split('@')[0]}`)
  const gone = await ask(id, 'retry')
  assert.deepEqual([gone.status, gone.json.code], [404, 'dataset_version_not_found'])
  assert.equal((await api.stores.runs.load(id))?.status, 'cancelled')
})

test('what makes no sense is refused with the state that the run has, and runs of others are not found', {
  skip
}, async () => {
  const { id } = await aRun()
  await ask(id, 'cancel')
  for (const [verb, code] of [
    ['pause', 'run_not_pausable'],
    ['resume', 'run_not_resumable']
  ] as const) {
    const { status, json } = await ask(id, verb)
    assert.deepEqual([status, json.code, json.detail], [409, code, `Run ${id} is cancelled.`])
  }
  const stranger = await api.issueKey({ project: 'stranger' })
  const reader = await api.issueKey({ scopes: ['runs:read'] })
  for (const verb of ['pause', 'resume', 'retry']) {
    assert.equal((await ask(id, verb, stranger.key)).status, 404)
    assert.equal((await ask(id, verb, reader.key)).status, 403)
    assert.equal((await ask('run_none', verb)).status, 404)
  }
})

test('a body that nobody reads is refused, and an empty one is none', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const { json: run } = await api.call('POST', '/v1/runs', { body: { dataset: datasetId, preset: 'demo' } })
  for (const [method, path] of [
    ['POST', `/v1/runs/${run.id}:pause`],
    ['DELETE', `/v1/runs/${run.id}`]
  ] as const) {
    const refused = await api.call(method, path, { body: { epochs: 200 } })
    assert.deepEqual([refused.status, refused.json.errors[0].pointer], [400, ''])
  }
  assert.equal((await api.call('POST', `/v1/runs/${run.id}:pause`, { body: {} })).status, 200)
  const none = await api.app.inject({
    method: 'POST',
    url: '/v1/runs/%25:fork',
    payload: { name: 'x' },
    headers: { authorization: `Bearer ${api.adminKey}` }
  })
  assert.equal(none.statusCode, 404, 'what is not there is said first')
})

test('cancelling ends a queued run at once, asks a running one, and changes nothing of what is cancelled', {
  skip
}, async () => {
  const queued = (await aRun()).id
  const cancelled = await api.call('POST', `/v1/runs/${queued}:cancel`)
  assert.equal(cancelled.status, 200)
  assert.equal(cancelled.json.status, 'cancelled')
  assert.equal(cancelled.json.status_reason, 'user')
  assert.notEqual(cancelled.json.finished_at, null)
  const again = await api.call('POST', `/v1/runs/${queued}:cancel`)
  assert.deepEqual([again.status, again.json], [200, cancelled.json])

  const running = (await aRun()).id
  await api.stores.runs.update(running, { status: 'running' })
  const asked = await api.call('POST', `/v1/runs/${running}:cancel`)
  assert.equal(asked.json.status, 'cancelling')
  assert.equal((await api.stores.runs.load(running))?.desired, 'cancel')
  const twice = await api.call('POST', `/v1/runs/${running}:cancel`)
  assert.equal(twice.status, 200)
  const states = (await api.stores.events.list(running, 0, 10)).map(({ data }) => data['status'])
  assert.deepEqual(states, ['queued', 'cancelling'], 'asking twice is one event')
  assert.equal((await api.call('POST', '/v1/runs/run_unknown:cancel')).status, 404)
})
