/** Images of a version as records and as pictures: who sees them, how long they may be kept, and who is shown none. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

async function imagesOf(app: TestApp, images = 7): Promise<string> {
  const { datasetId, version } = await aReadyVersion(app, app.projectId, images)
  return `/v1/datasets/${datasetId}/versions/${version}/images`
}
const path = skip ? '' : await imagesOf(api)

test('images of a label alone are listed, and a label that no image has is an empty list', { skip }, async () => {
  const listed = await api.call('GET', `${path}?label=1&limit=2`)
  const indexes = (data: readonly { readonly index: number }[]) => data.map(({ index }) => index)
  assert.deepEqual(indexes(listed.json.data), [1, 3])
  const next = await api.call('GET', `${path}?label=1&limit=2&after=${listed.json.next_cursor}`)
  assert.deepEqual([indexes(next.json.data), next.json.has_more], [[5], false])
  assert.deepEqual((await api.call('GET', `${path}?label=9`)).json.data, [])
  assert.equal((await api.call('GET', `${path}?label=-1`)).status, 400)
})

test('an image is found by its number, and there is none behind the last', { skip }, async () => {
  const found = await api.call('GET', `${path}/4`)
  assert.deepEqual([found.status, found.json.index, found.json.name], [200, 4, 'bild-ä-4.png'])
  assert.equal(found.json.offset, undefined, 'where it lies is nobody’s business')
  for (const what of ['', '/thumbnail', '/file']) {
    const none = await api.call('GET', `${path}/7${what}`)
    assert.deepEqual([none.status, none.json.code], [404, 'image_not_found'])
    assert.notEqual((await api.call('GET', `${path}/-1${what}`)).status, 200)
  }
})

test('a thumbnail is drawn of the bytes of its image, and kept by its reader', { skip }, async () => {
  const drawn = await api.call('GET', `${path}/4/thumbnail?size=64`)
  assert.deepEqual([drawn.status, drawn.headers['content-type'], drawn.text], [200, 'image/webp', '64:image 0004'])
  assert.equal(drawn.headers['cache-control'], 'private, max-age=86400, immutable')
  assert.equal(drawn.headers['vary'], 'authorization')
  const { etag = '' } = drawn.headers
  const again = await api.call('GET', `${path}/4/thumbnail?size=64`, { headers: { 'if-none-match': etag } })
  assert.deepEqual([again.status, again.text, again.headers['etag']], [304, '', etag])
  const other = await api.call('GET', `${path}/4/thumbnail?size=65`, { headers: { 'if-none-match': etag } })
  assert.equal(other.status, 200)
  for (const size of [15, 1025, 'x'])
    assert.equal((await api.call('GET', `${path}/4/thumbnail?size=${size}`)).status, 400)
})

test('a file is what was packed, and is saved, not opened', { skip }, async () => {
  const file = await api.call('GET', `${path}/3/file`)
  assert.deepEqual([file.status, file.headers['content-type'], file.text], [200, 'image/png', 'image 0003'])
  assert.match(file.headers['content-disposition'] ?? '', /^attachment; filename\*=UTF-8''bild-%C3%A4-3\.png$/)
  assert.equal(file.headers['content-length'], '10')
  assert.equal(file.headers['x-content-type-options'], 'nosniff')
  const headers = { 'if-none-match': file.headers['etag'] ?? '' }
  assert.equal((await api.call('GET', `${path}/3/file`, { headers })).status, 304)
})

test('pictures cost their project pixels, and what is kept already costs none', { skip }, async () => {
  const quotas = { pixels_per_minute: 1_000_000 }
  const { json: project } = await api.call('POST', '/v1/projects', { body: { name: 'narrow', quotas } })
  const wished = { name: 'reader', scopes: ['datasets:read'] }
  const { key } = (await api.call('POST', `/v1/projects/${project.id}/keys`, { body: wished })).json
  const { datasetId } = await aReadyVersion(api, project.id, 3)
  const url = `/v1/datasets/${datasetId}/versions/1/images/0/thumbnail`
  const first = await api.call('GET', url, { key })
  assert.equal(first.status, 200, first.text)
  const usedUp = "update project_rates set whole_at = now() + interval '1 hour' where project_id = $1"
  await api.database.pool.query(usedUp, [project.id])
  // A process has a second's worth at hand: 21 of these.
  let refused = first
  for (let i = 0; i < 22 && refused.status === 200; i++) refused = await api.call('GET', url, { key })
  assert.deepEqual([refused.status, refused.json.code], [429, 'project_rate_limited'])
  assert.equal(refused.headers['cache-control'], 'no-store', 'a failure is not kept')
  const headers = { 'if-none-match': first.headers['etag'] ?? '' }
  assert.equal((await api.call('GET', url, { key, headers })).status, 304)
})

test('where no images are shown, records are, and pictures are refused by name', { skip }, async (t) => {
  const hidden = await createTestApp(t, { showImages: false })
  const images = await imagesOf(hidden)
  assert.equal((await hidden.call('GET', images)).status, 200)
  assert.equal((await hidden.call('GET', `${images}/0`)).status, 200)
  for (const what of ['thumbnail', 'file']) {
    const refused = await hidden.call('GET', `${images}/0/${what}`)
    assert.deepEqual([refused.status, refused.json.code], [403, 'images_hidden'])
  }
})

test('pictures of a version that is not ready, or was deleted, are not there', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId, 3)
  const url = `/v1/datasets/${datasetId}/versions/1/images/0/thumbnail`
  const { etag = '' } = (await api.call('GET', url)).headers
  await api.stores.datasets.updateVersion(datasetId, 1, { status: 'ingesting' })
  assert.equal((await api.call('GET', url, { headers: { 'if-none-match': etag } })).status, 409)
  await api.stores.datasets.updateVersion(datasetId, 1, { status: 'ready' })
  assert.equal((await api.call('DELETE', `/v1/datasets/${datasetId}`)).status, 204)
  assert.equal((await api.call('GET', url, { headers: { 'if-none-match': etag } })).status, 404)
})
