/** Which images prototypes win, as an evaluation has seen them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion, seePrototypes } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

async function anEvaluation(): Promise<string> {
  const { datasetId } = await aReadyVersion(api, api.projectId, 40)
  const { id: model } = await aReadyModel(api.stores, api.projectId)
  return (await api.call('POST', '/v1/evaluations', { body: { model, dataset: datasetId } })).json.id
}

test('prototypes are listed with their images, most used first, page by page', { skip }, async () => {
  const id = await anEvaluation()
  const before = await api.call('GET', `/v1/evaluations/${id}`)
  assert.equal(before.json.prototypes, null)
  assert.deepEqual((await api.call('GET', `/v1/evaluations/${id}/prototypes`)).json.data, [])
  await seePrototypes(api.stores, { id, projectId: api.projectId }, 5)
  const { prototypes } = (await api.call('GET', `/v1/evaluations/${id}`)).json
  assert.deepEqual(prototypes, { posterior: 'teacher', images: 6, prototypes: 6, used: 5 })
  const usages: number[] = []
  let after = ''
  for (;;) {
    const { json } = await api.call('GET', `/v1/evaluations/${id}/prototypes?limit=2${after}`)
    usages.push(...json.data.map(({ usage }: { usage: number }) => usage))
    if (!json.has_more) break
    after = `&after=${json.next_cursor}`
  }
  assert.deepEqual(usages, [5, 4, 3, 2, 1])
})

test('a prototype is found with its images, one that wins none has none, and there is none behind the last', {
  skip
}, async () => {
  const id = await anEvaluation()
  const path = `/v1/evaluations/${id}/prototypes`
  assert.equal((await api.call('GET', `${path}/0`)).status, 404, 'nothing was seen yet')
  await seePrototypes(api.stores, { id, projectId: api.projectId }, 2)
  assert.deepEqual((await api.call('GET', `${path}/1`)).json, {
    object: 'prototype_images',
    prototype: 1,
    usage: 2,
    exemplars: [{ index: 1, probability: 0.9, cosine: 0.8 }],
    labels: [{ label: 'left', images: 2 }]
  })
  const idle = await api.call('GET', `${path}/2`)
  assert.deepEqual([idle.status, idle.json.usage, idle.json.exemplars], [200, 0, []])
  const none = await api.call('GET', `${path}/3`)
  assert.deepEqual([none.status, none.json.code], [404, 'prototype_not_found'])
})

test('they go with their evaluation, and nobody else sees them', { skip }, async () => {
  const id = await anEvaluation()
  await seePrototypes(api.stores, { id, projectId: api.projectId })
  const { key } = await api.issueKey({ project: 'other' })
  for (const path of [`/v1/evaluations/${id}/prototypes`, `/v1/evaluations/${id}/prototypes/0`])
    assert.equal((await api.call('GET', path, { key })).json.code, 'evaluation_not_found')
  await api.call('POST', `/v1/evaluations/${id}:cancel`)
  assert.equal((await api.call('DELETE', `/v1/evaluations/${id}`)).status, 204)
  const { rows } = await api.database.pool.query('select 1 from evaluation_prototypes where evaluation_id = $1', [id])
  assert.deepEqual(rows, [])
})
