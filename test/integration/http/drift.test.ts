import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Posterior } from '../../../src/domain/model.ts'
import type { ImageAssignments } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const clock = fakeClock()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock })

/** Trained on 3,000 images: 1,500 of prototype 0, 900 of 1, 600 of 2; 4,000 more held out. */
async function aTrainedModel() {
  const model = await aReadyModel(api.stores, api.projectId, { name: null })
  const mixture = { ...model.mixture!, images: 3000, fitted: { ...model.mixture!.fitted!, heldOutImages: 4000 } }
  await api.stores.models.update(model.id, { mixture })
  const { data } = await api.stores.prototypes.list(model.id, 'index', { limit: 3, after: null })
  const trained = data.map((one, index) => ({ ...one, usage: [1500, 900, 600][index]! }))
  await api.unitOfWork((tx) => tx.prototypes.replaceAll(model.id, trained))
  const { projectId } = api
  return { id: model.id, model: { id: model.id, projectId, mixture }, path: `/v1/models/${model.id}/drift` }
}
type Trained = Awaited<ReturnType<typeof aTrainedModel>>

const assigned = (prototype: number, densityPercentile: number): ImageAssignments => ({
  assignments: [{ prototype, probability: 0.9, cosine: 0.8, kappa: 30 }],
  entropy: 0.1,
  effectiveClusters: 1.1,
  logDensity: 30,
  densityPercentile
})

/** Served images of each prototype, of which so many in a hundred lie below the 5th percentile, and one in a hundred below the first. */
async function serve({ model }: Trained, images: readonly number[], low = 5, posterior: Posterior = 'teacher') {
  const results = images.flatMap((count, prototype) =>
    Array.from({ length: count }, (_, i) => assigned(prototype, i % 100 === 0 ? 0.005 : i % 100 < low ? 0.03 : 0.5))
  )
  api.driftRecorder.count({ model, posterior, temperature: null, results })
  await api.driftRecorder.flush()
}

const LIKE_TRAINING = [500, 300, 200]
const ANOTHER = [100, 300, 600]
const patch = ({ path }: Trained, body: object) => api.call('PATCH', path, { body })
const look = async ({ path }: Trained) => (await api.call('GET', path)).json

async function aWebhook() {
  const body = { url: 'https://hooks.example/drift', events: ['drift.began', 'drift.ended'] }
  const { id } = (await api.call('POST', '/v1/webhooks', { body })).json
  return async () => {
    const page = { limit: 50, after: null }
    const { data } = await api.stores.deliveries.list(id, {}, page)
    return [...data].reverse().map(({ event, body: sent }) => ({ event, ...JSON.parse(sent).data }))
  }
}

test('nothing is counted before it is switched on, and nothing is over', { skip }, async () => {
  const one = await aTrainedModel()
  await serve(one, ANOTHER)
  const off = await look(one)
  assert.deepEqual(
    [off.enabled, off.window_images, off.psi_over, off.low_density_over, off.over_since, off.window, off.ended],
    [false, 2000, 0.25, 0.1, null, null, []]
  )
  assert.deepEqual([off.posterior, off.training_images], ['teacher', 3000])
})

test('of what was served before it was switched on nothing is counted, though it is written after', {
  skip
}, async () => {
  const one = await aTrainedModel()
  const results = Array.from({ length: 300 }, () => assigned(2, 0.001))
  api.driftRecorder.count({ model: one.model, posterior: 'teacher', temperature: null, results })
  await clock.advance(5000)
  assert.equal((await patch(one, { enabled: true })).status, 200)
  await api.driftRecorder.flush()
  assert.equal((await look(one)).window, null)
  await serve(one, LIKE_TRAINING)
  assert.equal((await look(one)).window.images, 1000)
})

test('images like those of training fill windows that are not over', { skip }, async () => {
  const one = await aTrainedModel()
  assert.equal((await patch(one, { enabled: true, window_images: 1500 })).status, 200)
  await serve(one, LIKE_TRAINING)
  const { window, ended } = await look(one)
  assert.deepEqual([window.number, window.images, window.ended_at, window.over, ended], [1, 1000, null, false, []])
  assert.ok(window.psi < 1e-4 && window.psi_expected > 0.002, `${window.psi} for ${window.psi_expected}`)
  assert.equal(window.psi_limit, 0.25)
  assert.deepEqual(window.density.below_p5.share, 0.05)
  assert.ok(window.density.below_p5.by_chance > 0.06 && window.density.below_p5.by_chance < 0.1)
  await serve(one, LIKE_TRAINING)
  const after1 = await look(one)
  assert.deepEqual(
    [after1.window, after1.ended.length, after1.ended[0].images, after1.over_since],
    [null, 1, 2000, null]
  )
  await serve(one, LIKE_TRAINING)
  assert.equal((await look(one)).window.number, 2)
})

test('other images are over, and webhooks hear once that it began and once that it ended', { skip }, async () => {
  const [told, one] = [await aWebhook(), await aTrainedModel()]
  await patch(one, { enabled: true, window_images: 1000 })
  for (const images of [LIKE_TRAINING, ANOTHER, ANOTHER]) await serve(one, images)
  const over = await look(one)
  assert.deepEqual(
    over.ended.map((window: { over: boolean }) => window.over),
    [true, true, false]
  )
  assert.ok(over.over_since !== null && over.ended[0].psi > 0.5)
  const [most] = over.ended[0].groups
  assert.deepEqual([most.prototypes, most.images, most.expected_images], [[0], 100, 500])
  await serve(one, LIKE_TRAINING)
  await serve(one, LIKE_TRAINING)
  const messages = await told()
  assert.deepEqual(
    messages.map(({ event, reason, window, model_id }) => [event, reason, window, model_id]),
    [
      ['drift.began', 'over', 2, one.id],
      ['drift.ended', 'within', 4, one.id]
    ]
  )
  assert.ok(messages[0].psi > messages[0].psi_limit)
  assert.equal((await look(one)).over_since, null)
})

test('images where training had hardly any are over by their density alone', { skip }, async () => {
  const one = await aTrainedModel()
  await patch(one, { enabled: true, window_images: 1000, low_density_over: 0.05 })
  await serve(one, LIKE_TRAINING, 6)
  const [chance] = (await look(one)).ended
  assert.deepEqual([chance.density.below_p5.share, chance.over], [0.06, false])
  assert.equal(chance.density.limit, chance.density.below_p5.by_chance)
  await serve(one, LIKE_TRAINING, 20)
  const [low] = (await look(one)).ended
  assert.deepEqual([low.density.below_p5.share, low.over, low.psi < 0.01], [0.2, true, true])
})

test('switched off while it is over it has ended, and what was begun is thrown away', { skip }, async () => {
  const [told, one] = [await aWebhook(), await aTrainedModel()]
  await patch(one, { enabled: true, window_images: 1000 })
  await serve(one, ANOTHER)
  await serve(one, [50, 30, 20])
  const off = await patch(one, { enabled: false })
  assert.deepEqual([off.json.over_since, off.json.window, off.json.ended.length], [null, null, 1])
  assert.deepEqual(
    (await told()).map(({ event, reason }) => [event, reason]),
    [
      ['drift.began', 'over'],
      ['drift.ended', 'switched_off']
    ]
  )
  await serve(one, ANOTHER)
  assert.equal((await look(one)).window, null)
})

test('only what was assigned as training images were is counted, by the API too', { skip }, async () => {
  const one = await aTrainedModel()
  await patch(one, { enabled: true })
  await serve(one, LIKE_TRAINING, 5, 'model')
  assert.equal((await look(one)).window, null)
  const image = { body: Buffer.from('iVBORw0KGgoAAAA=', 'base64'), headers: { 'content-type': 'image/png' } }
  for (const path of ['assignments', 'assignments?posterior=model', 'embeddings'])
    assert.equal((await api.call('POST', `/v1/models/${one.id}/${path}`, image)).status, 200, path)
  await api.driftRecorder.flush()
  const { window } = await look(one)
  assert.deepEqual([window.images, window.psi, window.density], [1, null, null])
})

test('what could not be written is written with what comes next', { skip }, async (t) => {
  let isAway = false
  const faulty = await createTestApp(t, {
    inference: fakeInference,
    unitOfWork: (real) => (work) => (isAway ? Promise.reject(new Error('away')) : real(work))
  })
  const { id, mixture, projectId } = await aReadyModel(faulty.stores, faulty.projectId)
  const path = `/v1/models/${id}/drift`
  await faulty.call('PATCH', path, { body: { enabled: true } })
  const count = (prototype: number) =>
    faulty.driftRecorder.count({
      model: { id, mixture },
      posterior: 'teacher',
      temperature: null,
      results: [assigned(prototype, 0.5)]
    })
  count(1)
  isAway = true
  await assert.rejects(faulty.driftRecorder.flush(), /away/)
  isAway = false
  count(2)
  await faulty.driftRecorder.flush()
  const [window] = await faulty.reachOf(projectId).stores.drift.listWindows(id, 1)
  assert.deepEqual(window?.prototypes, { 1: 1, 2: 1 })
})

test('a model whose training images nobody knows is refused', { skip }, async () => {
  const { id } = await aReadyModel(api.stores, api.projectId, { name: null, mixture: null })
  for (const method of ['GET', 'PATCH']) {
    const answer = await api.call(
      method,
      `/v1/models/${id}/drift`,
      method === 'PATCH' ? { body: { enabled: true } } : {}
    )
    assert.deepEqual([answer.status, answer.json.code], [409, 'mixture_unavailable'])
  }
})
