/** Runs that go on over the API: longer, or as another run; what their workers make of it: tasks/train-forks.test.ts. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

/** Of 1000 images in batches of 64: 15 steps an epoch. */
async function aRun(epochs = 4, more: object = {}) {
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId, 1000)
  const body = { dataset, preset: 'demo', hyperparameters: { epochs }, name: 'first', metadata: { team: 'x' }, ...more }
  const { json, status, text } = await api.call('POST', '/v1/runs', { body })
  assert.equal(status, 202, text)
  return { ...json, batch: json.resolved_recipe.hyperparameters.batch_size }
}
async function withCheckpoint(id: string, step = 10): Promise<string> {
  const checkpoint = { ...aCheckpoint(id, api.projectId), step }
  await api.stores.checkpoints.insert(checkpoint)
  await api.stores.runs.update(id, { latestCheckpointId: checkpoint.id })
  return checkpoint.id
}
const extend = (id: string, epochs: number) => api.call('POST', `/v1/runs/${id}:extend`, { body: { epochs } })
const fork = (id: string, body: object, headers = {}) => api.call('POST', `/v1/runs/${id}:fork`, { body, headers })

test('a run that has ended in any way goes on to more epochs from its newest checkpoint', { skip }, async () => {
  for (const status of ['succeeded', 'failed', 'cancelled', 'paused'] as const) {
    const { id, batch } = await aRun()
    await withCheckpoint(id)
    const error = { code: 'deadline', message: 'late', retryable: false, step: 3 }
    await api.stores.runs.update(id, { status, error, finishedAt: new Date(), leg: 2, modelId: null })
    const jobs = api.jobs.length
    const answer = await extend(id, 10)
    assert.equal(answer.status, 200, answer.text)
    const { json } = answer
    const steps = Math.floor(1000 / batch)
    assert.deepEqual(
      [json.status, json.resolved_recipe.hyperparameters.epochs, json.progress.total_steps, json.error, json.leg],
      ['queued', 10, 10 * steps, null, 3]
    )
    assert.equal(json.estimate.steps, 10 * steps - 10, 'what is left to do')
    const { at, ...extension } = json.extensions[0]
    assert.deepEqual([extension, typeof at], [{ step: 10, before: 4, after: 10 }, 'string'])
    assert.deepEqual(api.jobs.slice(jobs), [{ kind: 'run-leg', payload: { runId: id }, key: `${id}:0` }])
    const events = (await api.stores.events.list(id, 0, 20)).map(({ type, data }) => data['message'] ?? type)
    const told = 'Extended from 4 to 10 epochs: schedules are those of 10 epochs from step 10 on.'
    assert.deepEqual(events, ['state', told, 'state'])
    assert.deepEqual((await extend(id, 10)).json.extensions, json.extensions, 'asked twice and done once')
  }
})

test('a run that waits takes more epochs as it waits, and one that never saved a step is simply longer', {
  skip
}, async () => {
  const { id } = await aRun()
  const { json } = await extend(id, 6)
  assert.deepEqual([json.status, json.extensions, json.leg, json.resumed_at], ['queued', [], 0, null])
  assert.equal((await api.call('GET', `/v1/runs/${id}`)).json.resolved_recipe.hyperparameters.epochs, 6)
})

test('a run that is worked on is not made longer, nor one shorter, nor one without anything to go on from', {
  skip
}, async () => {
  const { id } = await aRun()
  for (const status of ['starting', 'running', 'pausing', 'cancelling'] as const) {
    await api.stores.runs.update(id, { status })
    const { status: code, json } = await extend(id, 10)
    assert.deepEqual([code, json.code], [409, 'run_not_extendable'])
    assert.match(json.detail, new RegExp(`is ${status}: (pause it, extend it|ask again when it is over)`))
  }
  assert.equal((await extend(id, 4)).status, 200, 'it has them already')
  await api.stores.runs.update(id, { status: 'succeeded' })
  for (const epochs of [3, 4]) {
    const { status, json } = await extend(id, epochs)
    assert.deepEqual([status, json.errors[0].pointer], [422, '/epochs'])
  }
  assert.deepEqual([(await extend(id, 5)).status, (await extend(id, 5)).json.code], [404, 'checkpoint_not_found'])
  assert.equal((await extend('run_none', 5)).status, 404)
  assert.equal((await extend(id, 100_001)).status, 400)
  const { json } = await api.call('GET', `/v1/runs/${id}`)
  assert.deepEqual([json.status, json.resolved_recipe.hyperparameters.epochs], ['succeeded', 4])
})

test('a fork has its parent’s recipe, images and wishes but for what it overrides, and says where it comes from', {
  skip
}, async () => {
  const parent = await aRun(4, { checkpoint: { keep_last: 7 }, compute: { priority: 5 } })
  const checkpoint = await withCheckpoint(parent.id)
  const overrides = {
    hyperparameters: { learning_rate: 0.0001, epochs: 6, koleo: { features: 0.2, prototypes: 0.1 } },
    compute: { max_runtime_s: 600 },
    metadata: { team: 'y' }
  }
  const answer = await fork(parent.id, { checkpoint, overrides, name: 'second' })
  assert.equal(answer.status, 202, answer.text)
  const { json } = answer
  assert.equal(answer.headers['location'], `/v1/runs/${json.id}`)
  const { changes, ...from } = json.forked_from
  assert.deepEqual(from, { run: parent.id, checkpoint, step: 10, prototypes: null })
  const { learning_rate: rate, epochs, koleo } = parent.resolved_recipe.hyperparameters
  assert.deepEqual(
    changes.filter(({ field }: { field: string }) => !field.startsWith('koleo')),
    [
      { field: 'epochs', before: epochs, after: 6 },
      { field: 'learning_rate', before: rate, after: 0.0001 }
    ]
  )
  assert.deepEqual(
    [json.name, json.status, json.dataset, json.metadata],
    ['second', 'queued', parent.dataset, { team: 'y' }]
  )
  assert.deepEqual(json.checkpoint, parent.checkpoint)
  assert.deepEqual(json.compute, { ...parent.compute, max_runtime_s: 600 })
  const expected = { ...parent.resolved_recipe.hyperparameters, ...overrides.hyperparameters }
  assert.deepEqual(json.resolved_recipe, {
    ...parent.resolved_recipe,
    hyperparameters: { ...expected, koleo: { ...koleo, ...overrides.hyperparameters.koleo } }
  })
  const steps = Math.floor(1000 / parent.batch)
  assert.deepEqual([json.progress.step, json.progress.total_steps], [10, 6 * steps])
  assert.equal(json.estimate.steps, 6 * steps - 10)
  assert.deepEqual((await api.call('GET', `/v1/runs/${json.id}`)).json.forked_from, json.forked_from)
})

test('a fork that overrides nothing is the parent again, from its newest checkpoint', { skip }, async () => {
  const parent = await aRun()
  const checkpoint = await withCheckpoint(parent.id)
  const { json } = await fork(parent.id, {})
  assert.deepEqual(json.forked_from, { run: parent.id, checkpoint, step: 10, changes: [], prototypes: null })
  assert.deepEqual(json.resolved_recipe, parent.resolved_recipe)
  assert.deepEqual([json.name, json.metadata, json.alarms], [null, { team: 'x' }, parent.alarms])
})

test('a fork says what is done to its prototypes, and what cannot be done is refused where it is named', {
  skip
}, async () => {
  const parent = await aRun()
  await withCheckpoint(parent.id)
  const { prototypes: count } = parent.resolved_recipe.hyperparameters
  const asked = { merge: [[3, 17]], split: [9], drop: [5] }
  const made = await fork(parent.id, { prototypes: asked })
  assert.deepEqual([made.status, made.json.forked_from.prototypes], [202, asked], made.text)
  assert.deepEqual((await api.stores.runs.load(made.json.id))?.forkedFrom?.prototypes, asked)
  const planned = await api.call('POST', `/v1/runs/${parent.id}:fork:validate`, { body: { prototypes: { drop: [1] } } })
  assert.deepEqual(planned.json.forked_from.prototypes, { merge: [], split: [], drop: [1] })
  for (const [prototypes, pointer] of [
    [{ drop: [count] }, '/prototypes/drop/0'],
    [{ merge: [[1, 2]], drop: [2] }, '/prototypes/drop/0'],
    [{ split: [1] }, '/prototypes/split']
  ] as const) {
    const refused = await fork(parent.id, { prototypes })
    assert.deepEqual([refused.status, refused.json.errors[0].pointer], [422, pointer], refused.text)
  }
})

test('what would be another state is refused by its field, and init is named instead', { skip }, async () => {
  const parent = await aRun()
  await withCheckpoint(parent.id, 15)
  const jobs = api.jobs.length
  for (const [overrides, pointer] of [
    [{ arch: 'vit_small' }, '/overrides/arch'],
    [{ patch_size: 14 }, '/overrides/patch_size'],
    [{ method: 'dino' }, '/overrides/method'],
    [{ hyperparameters: { prototypes: 64 } }, '/overrides/hyperparameters/prototypes'],
    [{ hyperparameters: { batch_size: 50 } }, '/overrides/hyperparameters/batch_size'],
    [{ hyperparameters: { crops: { global: { size: 14 } } } }, '/overrides/hyperparameters/crops/global/size'],
    [{ hyperparameters: { freeze_last_layer_epochs: 3 } }, '/overrides/hyperparameters/freeze_last_layer_epochs']
  ] as const) {
    const { status, json } = await fork(parent.id, { overrides })
    assert.deepEqual([status, json.code, json.errors[0].pointer], [422, 'invalid_recipe', pointer])
    assert.match(json.errors[0].detail, /cannot change in a fork .* with init instead/)
  }
  const same = { arch: parent.arch, patch_size: parent.resolved_recipe.patch_size, preset: 'demo' }
  assert.equal((await fork(parent.id, { overrides: same })).status, 202, 'the same value changes nothing')
  for (const [overrides, pointer] of [
    [{ preset: 'mu' }, '/overrides/preset'],
    [{ hyperparameters: { warmup_epochs: 9 } }, '/overrides/hyperparameters/warmup_epochs'],
    [{ hyperparameters: { epochs: 1, warmup_epochs: 0 } }, '/overrides/hyperparameters/epochs'],
    [{ compute: { devices: 3 } }, '/overrides/compute/devices']
  ] as const) {
    const { status, json } = await fork(parent.id, { overrides })
    assert.deepEqual([status, json.errors[0].pointer], [422, pointer], JSON.stringify(json))
  }
  assert.equal((await fork(parent.id, { overrides: { dataset: parent.dataset } })).status, 400)
  assert.equal(api.jobs.length, jobs + 1)
})

test('only complete checkpoints of the run itself are forked, and only by its project', { skip }, async () => {
  const parent = await aRun()
  assert.deepEqual((await fork(parent.id, {})).json.code, 'checkpoint_not_found')
  const checkpoint = await withCheckpoint(parent.id)
  const other = await aRun()
  const { status, json } = await fork(other.id, { checkpoint })
  assert.deepEqual([status, json.errors[0].pointer], [404, '/checkpoint'])
  await api.stores.checkpoints.markDeleted(checkpoint)
  assert.equal((await fork(parent.id, { checkpoint })).status, 404)
  await api.stores.runs.update(parent.id, { status: 'failed' })
  await withCheckpoint(parent.id)
  const stranger = await api.issueKey({ project: 'stranger' })
  for (const verb of ['fork', 'extend']) {
    const body = verb === 'fork' ? {} : { epochs: 9 }
    const refused = await api.call('POST', `/v1/runs/${parent.id}:${verb}`, { body, key: stranger.key })
    assert.equal(refused.status, 404)
  }
})

test('the same Idempotency-Key forks once', { skip }, async () => {
  const parent = await aRun()
  await withCheckpoint(parent.id)
  const headers = { 'idempotency-key': 'once' }
  const [first, second] = [await fork(parent.id, {}, headers), await fork(parent.id, {}, headers)]
  assert.deepEqual([first.status, second.json.id], [202, first.json.id])
})

test('a fork is looked at before it is queued, and then is what was said', { skip }, async () => {
  const { id } = await aRun(10)
  const checkpoint = await withCheckpoint(id)
  const preview = (body: object) => api.call('POST', `/v1/runs/${id}:fork:validate`, { body })
  const body = { overrides: { hyperparameters: { learning_rate: 1e-4 } } }
  const runs = async () => (await api.call('GET', '/v1/runs?limit=100')).json.data.length
  const before = [await runs(), api.jobs.length]
  const said = await preview(body)
  assert.equal(said.status, 200, said.text)
  const { forked_from: from, resolved_recipe: recipe, estimate, object } = said.json
  assert.deepEqual([object, from.run, from.checkpoint, from.step], ['run_validation', id, checkpoint, 10])
  assert.deepEqual(
    from.changes.map((change: { field: string; after: number }) => [change.field, change.after]),
    [['learning_rate', 1e-4]]
  )
  assert.deepEqual([await runs(), api.jobs.length], before)
  const made = (await fork(id, body)).json
  assert.deepEqual([made.forked_from, made.resolved_recipe, made.estimate], [from, recipe, estimate])
  for (const refused of [{ overrides: { arch: 'vit_tiny' } }, { checkpoint: 'ckpt_none' }]) {
    const [asked, queued] = [await preview(refused), await fork(id, refused)]
    assert.deepEqual([asked.status, asked.json.errors], [queued.status, queued.json.errors])
    assert.ok(asked.status >= 400)
  }
})
