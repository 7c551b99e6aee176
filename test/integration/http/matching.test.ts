import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const aModel = () => aReadyModel(api.stores, api.projectId, { name: null })
const named = (name: string) => aReadyModel(api.stores, api.projectId, { name })
const aDataset = async () => (await aReadyVersion(api, api.projectId, 12)).datasetId
type Model = Awaited<ReturnType<typeof aModel>>

/** Twelve images, of these prototypes. */
async function assignedTo(model: Model, dataset: string, prototypes: readonly (number | null)[]) {
  const files = await aVectorSet(api, model, dataset, { index: null })
  const id = newId('vectorSet')
  const set = { ...files, id, index: 'scan' } as const
  await api.stores.vectorSets.insert(set)
  const rows = prototypes.map((prototype, index) => ({ ...aVectorRow(index, 8), prototype }))
  await api.unitOfWork(async (tx) => {
    await tx.vectors.create(set)
    await tx.vectors.add(set, rows)
  })
  return id
}

const match = (model: Model, against: Model, more = '') =>
  api.call('GET', `/v1/models/${model.id}/matching?against=${against.id}${more}`)

test('prototypes are matched by the images that both models give them', { skip }, async () => {
  const [old, fresh, dataset] = [await aModel(), await aModel(), await aDataset()]
  const before = await assignedTo(old, dataset, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, null])
  const now = await assignedTo(fresh, dataset, [7, 7, 7, 4, 4, 4, 4, 4, 5, 5, 6, 6])
  const { status, json, text } = await match(fresh, old)
  assert.equal(status, 200, text)
  assert.deepEqual(json, {
    object: 'matching',
    model: fresh.id,
    against: old.id,
    dataset: `${dataset}@1`,
    vector_sets: { model: now, against: before },
    images: 11,
    agreement: 9 / 11,
    pairs: [
      { from: 0, to: 7, images: 3, similarity: 3 / 4 },
      { from: 1, to: 4, images: 4, similarity: 4 / 5 },
      { from: 2, to: 5, images: 2, similarity: 2 / 3 }
    ],
    unmatched: { from: [], to: [{ prototype: 6, images: 1 }] }
  })
  const strict = (await match(fresh, old, '&min_similarity=0.75')).json
  assert.deepEqual(
    strict.pairs.map(({ from }: { from: number }) => from),
    [0, 1]
  )
  assert.deepEqual(strict.unmatched.from, [{ prototype: 2, images: 3 }])
})

test('the newest sets of one dataset version are compared, or those of the one that is named', { skip }, async () => {
  const [old, fresh, first, second] = [await aModel(), await aModel(), await aDataset(), await aDataset()]
  const images = Array.from({ length: 12 }, (_, i) => i % 4)
  for (const dataset of [first, second]) {
    await assignedTo(old, dataset, images)
    await assignedTo(fresh, dataset, images)
  }
  await assignedTo(fresh, await aDataset(), images)
  const newest = (await match(fresh, old)).json
  assert.deepEqual([newest.dataset, newest.agreement], [`${second}@1`, 1])
  assert.equal((await match(fresh, old, `&dataset=${first}@1`)).json.dataset, `${first}@1`)
})

test('without such sets it is said what to make', { skip }, async () => {
  const [old, fresh, dataset] = [await aModel(), await aModel(), await aDataset()]
  await assignedTo(old, dataset, [0])
  await aVectorSet(api, fresh, dataset, { index: null })
  for (const more of ['', `&dataset=${dataset}@1`]) {
    const refused = await match(fresh, old, more)
    assert.deepEqual([refused.status, refused.json.code], [404, 'vector_set_not_found'])
    assert.match(refused.json.detail, /POST \/v1\/vector-sets/)
  }
  assert.equal((await match(fresh, { ...old, id: 'mdl_none' })).json.code, 'model_not_found')
})

test('unless it is said against which, it is the version before', { skip }, async () => {
  const [first, second] = [await named('hats'), await named('hats')]
  const dataset = await aDataset()
  for (const model of [first, second]) await assignedTo(model, dataset, [1, 2])
  const { json } = await api.call('GET', '/v1/models/hats@2/matching')
  assert.deepEqual([json.model, json.against, json.agreement], [second.id, first.id, 1])
  const refused = await api.call('GET', '/v1/models/hats@1/matching')
  assert.deepEqual([refused.status, refused.json.code], [409, 'matching_unavailable'], refused.text)
})
