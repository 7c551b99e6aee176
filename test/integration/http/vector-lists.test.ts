import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { VectorRow } from '../../../src/domain/vector-set.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { anUnlabelledRow, aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const model = skip ? (undefined as never) : await aReadyModel(api.stores, api.projectId)
const dataset = skip ? '' : (await aReadyVersion(api, api.projectId, 12)).datasetId

type RowOf = (index: number, dimensions: number) => VectorRow
const aSet = async (rowOf: RowOf = aVectorRow, patch = {}) => (await aVectorSet(api, model, dataset, patch, rowOf)).id
const get = (id: string, list: string) => api.call('GET', `/v1/vector-sets/${id}/${list}`)

async function all(id: string, list: string): Promise<readonly Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  for (let after = '', hasMore = true; hasMore; ) {
    const { status, json, text } = await get(id, `${list}${after}`)
    assert.equal(status, 200, text)
    found.push(...json.data)
    hasMore = json.has_more
    after = `&after=${json.next_cursor}`
  }
  return found
}

function cosine(a: number, b: number): number {
  const [one, other] = [aVectorRow(a, 8).vector, aVectorRow(b, 8).vector]
  return Array.from(one).reduce((sum, value, i) => sum + value * other[i]!, 0)
}

/** Two classes, left and right of image 6, and images without one in each: their neighbours are of their own side. */
const sided: RowOf = (index, dimensions) => {
  const side = index < 6 ? 'left' : 'right'
  const raw = Array.from({ length: dimensions }, (_, axis) =>
    axis === (index < 6 ? 0 : 1) ? 1 : 0.01 * ((index * axis) % 5)
  )
  const length = Math.hypot(...raw)
  const vector = raw.map((value) => value / length)
  return { ...aVectorRow(index, dimensions), vector, label: index % 3 === 2 ? null : side }
}

test('outliers come by density, the lowest first, page by page', { skip }, async () => {
  const densities = [5, -3.25, 7, -3.25, null, 1e-7, 2, 8, -1234.5678, 9, 10, 11]
  const id = await aSet((index, dimensions) => ({ ...aVectorRow(index, dimensions), logDensity: densities[index]! }))
  const found = await all(id, 'outliers?limit=2')
  assert.deepEqual(
    found.map(({ index }) => index),
    [8, 1, 3, 5, 6, 0, 2, 7, 9, 10, 11]
  )
  const { name, log_density, label } = found[0]!
  assert.deepEqual([name, label], ['bild-ä-8.png', 'left'])
  assert.ok(Math.abs((log_density as number) + 1234.5678) < 1e-3)
  const none = await aSet((index, dimensions) => ({ ...aVectorRow(index, dimensions), logDensity: null }))
  const refused = await get(none, 'outliers')
  assert.deepEqual([refused.status, refused.json.code], [409, 'vector_set_not_searchable'])
})

test('near-duplicates are all pairs above a cosine, each once, in the order of the images', { skip }, async () => {
  const id = await aSet()
  for (const least of [0.6, 0.1]) {
    const expected = Array.from({ length: 12 }, (_, a) => Array.from({ length: 12 }, (__, b) => [a, b] as const))
      .flat()
      .filter(([a, b]) => a < b && cosine(a, b) >= least)
    assert.ok(expected.length > 0)
    const pairs = await all(id, `duplicates?limit=2&min_similarity=${least}`)
    assert.deepEqual(
      pairs.map(({ images }) => (images as { index: number }[]).map(({ index }) => index)),
      expected
    )
    for (const [i, { similarity }] of pairs.entries())
      assert.ok(Math.abs((similarity as number) - cosine(...expected[i]!)) < 1e-5)
  }
})

test('images without a label get that of their neighbours, with its share of the vote', { skip }, async () => {
  const id = await aSet(sided)
  const proposed = await all(id, 'proposed-labels?limit=1&neighbors=4')
  assert.deepEqual(
    proposed.map(({ index, label }) => [index, label]),
    [
      [2, 'left'],
      [5, 'left'],
      [8, 'right'],
      [11, 'right']
    ]
  )
  for (const { confidence } of proposed) assert.ok((confidence as number) > 0.99)
  const [unsure] = await all(id, 'proposed-labels?limit=1&neighbors=8')
  assert.ok((unsure!['confidence'] as number) < (proposed[0]!['confidence'] as number), 'the other side votes, too')
})

test('labels come from another set of the same model as well', { skip }, async () => {
  const unlabelled = await aSet((index, dimensions) => ({ ...sided(index, dimensions), label: null }))
  const own = await get(unlabelled, 'proposed-labels')
  assert.deepEqual([own.status, own.json.code], [409, 'vector_set_not_searchable'])
  const proposed = await all(unlabelled, `proposed-labels?from=${await aSet(sided)}&neighbors=1`)
  assert.deepEqual(
    proposed.map(({ label }) => label),
    Array.from({ length: 12 }, (_, i) => (i < 6 ? 'left' : 'right'))
  )
  const other = await aReadyModel(api.stores, api.projectId)
  const foreign = (await aVectorSet(api, other, dataset)).id
  assert.match((await get(unlabelled, `proposed-labels?from=${foreign}`)).text, /another model/)
})

test('what a confidence is worth is measured on images with a label, none of which asks itself', { skip }, async () => {
  const id = await aSet(sided)
  const { json } = await get(id, 'label-accuracy?neighbors=1')
  assert.deepEqual(json, {
    object: 'label_accuracy',
    vector_set: id,
    labelled: 8,
    sampled: 8,
    accuracy: 1,
    bins: [{ from: 0.9, images: 8, confidence: 1, accuracy: 1 }]
  })
  // Each image's label is that of nobody near it: whoever asked itself would be right.
  const alone = await aSet((index, dimensions) => ({ ...sided(index, dimensions), label: `class ${index}` }))
  const lonely = (await get(alone, 'label-accuracy?neighbors=1&sample=5')).json
  assert.deepEqual([lonely.labelled, lonely.sampled, lonely.accuracy], [12, 5, 0])
  assert.equal((await get(await aSet(anUnlabelledRow), 'label-accuracy')).status, 409)
})

test('a set of files alone, or one that is not ready, has no lists', { skip }, async () => {
  const filesAlone = await aSet(aVectorRow, { index: null })
  const queued = await aSet(aVectorRow, { index: null, status: 'queued' })
  for (const list of ['outliers', 'duplicates', 'proposed-labels', 'label-accuracy']) {
    assert.equal((await get(filesAlone, list)).json.code, 'vector_set_not_searchable', list)
    assert.equal((await get(queued, list)).json.code, 'vector_set_not_ready', list)
    assert.equal((await get('vec_none', list)).json.code, 'vector_set_not_found', list)
  }
})
