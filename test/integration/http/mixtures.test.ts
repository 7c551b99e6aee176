/** What a model says of its mixture over HTTP, and who assigns. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const model = skip ? '' : (await aReadyModel(api.stores, api.projectId)).id

const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(20, 7)])
const image = jpeg.toString('base64')

test('a model says how many prototypes are used, and what its mixture is worth on images it has not seen', {
  skip
}, async () => {
  const { json } = await api.call('GET', `/v1/models/${model}`)
  assert.deepEqual([json.config.centering, json.config.posterior], ['probability', 'teacher'])
  const { used, unique, top_share, posterior, fitted } = json.mixture
  assert.deepEqual([used, unique, posterior], [2, 2, 'teacher'])
  assert.ok(top_share > 0.66 && top_share < 0.67)
  assert.deepEqual([fitted.held_out_log_likelihood, fitted.uniform_log_likelihood], [170, 40])
})

test('the teacher assigns unless a request chooses, and the answer says who did', { skip }, async () => {
  const path = `/v1/models/${model}/assignments`
  const by = async (fields: object, query = '') =>
    api.call('POST', `${path}${query}`, { body: { input: image, ...fields } })
  assert.equal((await by({})).json.posterior, 'teacher')
  assert.equal((await by({ posterior: 'fitted' })).json.posterior, 'fitted')
  const raw = await api.call('POST', `${path}?posterior=model&temperature=0.1`, {
    body: jpeg,
    headers: { 'content-type': 'image/jpeg' }
  })
  assert.deepEqual([raw.json.posterior, raw.json.data[0].assignments[0].kappa], ['model', 10])
  const warm = await by({ temperature: 0.1 })
  assert.deepEqual([warm.status, warm.json.errors[0].pointer], [400, '/temperature'])
  assert.equal((await by({ posterior: 'student' })).status, 400)
})

test('what a model lacks is named: a fitted mixture where there were no images, a teacher without a center', {
  skip
}, async () => {
  const { config } = await aReadyModel(api.stores, api.projectId)
  const bare = { ...config!, centering: null, posterior: 'model' as const }
  const { id } = await aReadyModel(api.stores, api.projectId, { config: bare, mixture: null })
  const by = (posterior?: string) =>
    api.call('POST', `/v1/models/${id}/assignments`, {
      body: { input: image, ...(posterior && { posterior }) }
    })
  assert.equal((await by()).json.posterior, 'model')
  for (const posterior of ['teacher', 'fitted']) {
    const refused = await by(posterior)
    assert.deepEqual([refused.status, refused.json.code], [409, 'mixture_unavailable'], posterior)
    assert.equal(refused.json.errors[0].pointer, '/posterior')
  }
  await api.stores.prototypes.replaceAll(id, [])
  const kappa = await api.call('GET', `/v1/models/${id}/kappa?view=fitted`)
  assert.deepEqual([kappa.status, kappa.json.code], [409, 'mixture_unavailable'])
})
