import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const createDataset = async (): Promise<string> =>
  (await api.call('POST', '/v1/datasets', { body: { name: 'shoes', metadata: { team: 'x' } } })).json.id

async function upload(datasetId: string, filename: string, bytes: Buffer): Promise<string> {
  const path = `/v1/datasets/${datasetId}/uploads`
  const started = (await api.call('POST', path, { body: { filename, bytes: bytes.length } })).json
  const parts = []
  for (const { part, url } of started.parts) {
    const sent = await api.call('PUT', url, { body: bytes, key: null })
    assert.equal(sent.status, 200)
    parts.push({ part, etag: sent.headers['etag'] })
  }
  const done = await api.call('POST', `${path}/${started.id}:complete`, { body: { parts } })
  assert.equal(done.status, 200, done.text)
  assert.equal(done.json.status, 'completed')
  return started.id
}

const source = (uploads: readonly string[], more: object = {}) => ({
  body: { source: { type: 'upload', uploads, ...more } }
})

test('a dataset is made, found, listed and deleted', { skip }, async () => {
  const created = await api.call('POST', '/v1/datasets', { body: { name: 'wellingtons', metadata: { team: 'x' } } })
  assert.equal(created.status, 201)
  assert.equal(created.headers['location'], `/v1/datasets/${created.json.id}`)
  assert.deepEqual(created.json.metadata, { team: 'x' })
  assert.equal(created.json.latest_version, null)
  const second = await createDataset()

  const first = await api.call('GET', '/v1/datasets?limit=1')
  assert.deepEqual(
    first.json.data.map((one: { id: string }) => one.id),
    [second]
  )
  assert.equal(first.json.has_more, true)
  const next = await api.call('GET', `/v1/datasets?limit=100&after=${first.json.next_cursor}`)
  assert.ok(next.json.data.some((one: { id: string }) => one.id === created.json.id))
  const named = await api.call('GET', '/v1/datasets?name=WELLING')
  assert.deepEqual(
    named.json.data.map((one: { id: string }) => one.id),
    [created.json.id]
  )
  assert.deepEqual((await api.call('GET', '/v1/datasets?name=%25')).json.data, [], 'signs of a pattern mean themselves')

  assert.equal((await api.call('DELETE', `/v1/datasets/${created.json.id}`)).status, 204)
  const gone = await api.call('GET', `/v1/datasets/${created.json.id}`)
  assert.equal(gone.status, 404)
  assert.equal(gone.json.code, 'dataset_not_found')
})

test('a file goes through its signed URLs and becomes the source of a version', { skip }, async () => {
  const datasetId = await createDataset()
  const uploadId = await upload(datasetId, 'shoes.zip', Buffer.from('not really a zip'))
  const classes = ['left', 'right']
  const version = await api.call(
    'POST',
    `/v1/datasets/${datasetId}/versions`,
    source([uploadId], { classes, select: { every: 10, offset: 0, invert: true }, channels: 5 })
  )
  assert.equal(version.status, 202)
  assert.equal(version.json.id, `${datasetId}@1`)
  assert.equal(version.json.status, 'queued')
  assert.deepEqual([version.json.source.uploads, version.json.source.channels], [[uploadId], 5])
  assert.equal(version.headers['location'], `/v1/datasets/${datasetId}/versions/1`)
  assert.deepEqual(api.jobs.at(-1), {
    kind: 'ingest-small-dataset',
    payload: { datasetId, version: 1 },
    key: `${datasetId}@1`
  })
  assert.equal((await api.call('GET', `/v1/datasets/${datasetId}/versions/1`)).json.status, 'queued')
  assert.equal((await api.call('GET', `/v1/datasets/${datasetId}/versions`)).json.data.length, 1)
})

test('a signed URL that was changed opens nothing', { skip }, async () => {
  const datasetId = await createDataset()
  const body = { filename: 'a.png', bytes: 4 }
  const started = (await api.call('POST', `/v1/datasets/${datasetId}/uploads`, { body })).json
  const url: string = started.parts[0].url
  const changed = `${url.slice(0, -2)}${url.endsWith('aa') ? 'bb' : 'aa'}`
  const refused = await api.call('PUT', changed, { body: Buffer.from('1234'), key: null })
  assert.equal(refused.status, 403)
  assert.equal((await api.call('GET', url, { key: null })).status, 403, 'a URL for a part does not read')
})

for (const [what, body, pointer] of [
  ['a name with a folder', { filename: '../a.png', bytes: 1 }, '/filename'],
  ['a kind of file that is not taken', { filename: 'a.exe', bytes: 1 }, '/filename'],
  ['no bytes', { filename: 'a.png', bytes: 0 }, '/bytes'],
  ['more bytes than are allowed', { filename: 'a.zip', bytes: 10 ** 12 }, '/bytes'],
  ['an unknown field', { filename: 'a.png', bytes: 1, purpose: 'x' }, '/purpose']
] as const) {
  test(`an upload of ${what} is refused by name`, { skip }, async () => {
    const refused = await api.call('POST', `/v1/datasets/${await createDataset()}/uploads`, { body })
    assert.equal(refused.status, 400)
    assert.equal(refused.json.errors[0].pointer, pointer)
  })
}

test('a version is refused before any work when its files cannot go together', { skip }, async () => {
  const datasetId = await createDataset()
  const other = await createDataset()
  const zip = await upload(datasetId, 'a.zip', Buffer.from('zip'))
  const png = await upload(datasetId, 'a.png', Buffer.from('png'))
  const foreign = await upload(other, 'b.zip', Buffer.from('zip'))
  const pending = (
    await api.call('POST', `/v1/datasets/${datasetId}/uploads`, { body: { filename: 'c.zip', bytes: 3 } })
  ).json.id
  const path = `/v1/datasets/${datasetId}/versions`
  const jobs = api.jobs.length
  const cases = [
    [source([zip, png]), '/source/uploads'],
    [source([foreign]), '/source/uploads/0'],
    [source([zip, pending]), '/source/uploads/1'],
    [source([]), '/source/uploads'],
    [source([zip], { select: { every: 2, offset: 2, invert: false } }), '/source/select/offset'],
    [source([zip], { channels: 3 }), '/source/channels'],
    [source([zip], { channels: 17 }), '/source/channels'],
    [source([zip], { format: 'zip' }), '/source/format'],
    [{ body: { source: { type: 's3', prefix: 'models/' } } }, '/source/prefix'],
    [{ body: { source: { type: 's3', prefix: 'evaluations/eval_1' } } }, '/source/prefix'],
    [{ body: { source: { type: 's3', prefix: '../x' } } }, '/source/prefix'],
    [{ body: { source: { type: 'ftp' } } }, '/source/type'],
    [{ body: {} }, '/source']
  ] as const
  for (const [request, pointer] of cases) {
    const refused = await api.call('POST', path, request)
    const isMissing = pointer === '/source/uploads/0'
    assert.equal(refused.status, isMissing ? 404 : 400, JSON.stringify(request))
    assert.equal(refused.json.errors[0].pointer, pointer, refused.text)
  }
  assert.equal(api.jobs.length, jobs, 'nothing was queued')
  assert.deepEqual((await api.call('GET', path)).json.data, [], 'no version was made')
})

test('the images of a version come in pages, over the border of its shards', { skip }, async () => {
  const { datasetId, version } = await aReadyVersion(api, api.projectId, 7)
  const path = `/v1/datasets/${datasetId}/versions/${version}/images`
  const names: string[] = []
  let after = ''
  for (;;) {
    const page = await api.call('GET', `${path}?limit=3${after}`)
    names.push(...page.json.data.map((one: { index: number; name: string }) => `${one.index} ${one.name}`))
    if (!page.json.has_more) break
    after = `&after=${page.json.next_cursor}`
  }
  assert.deepEqual(
    names,
    Array.from({ length: 7 }, (_, i) => `${i} bild-ä-${i}.png`)
  )
  const rejected = await api.call('GET', `/v1/datasets/${datasetId}/versions/${version}/rejected`)
  assert.deepEqual(rejected.json.data[0], { name: 'a.txt', code: 'image_invalid', message: 'no image' })
  const refused = await api.call('GET', `${path}?after=elsewhere`)
  assert.equal(refused.status, 400)
  assert.equal(refused.json.errors[0].parameter, 'after')
})

test('a dataset whose run has not ended stays, and its objects go with it afterwards', { skip }, async () => {
  const { datasetId, prefix } = await aReadyVersion(api, api.projectId)
  const run = await api.call('POST', '/v1/runs', { body: { dataset: datasetId, method: 'dino-vmf', preset: 'demo' } })
  assert.equal(run.status, 202, run.text)
  const refused = await api.call('DELETE', `/v1/datasets/${datasetId}`)
  assert.equal(refused.status, 409)
  assert.equal(refused.json.code, 'dataset_in_use')
  assert.deepEqual([refused.json.runs, refused.json.used_by], [1, [run.json.id]])
  assert.equal((await api.call('GET', `/v1/datasets/${datasetId}`)).status, 200)

  await api.call('POST', `/v1/runs/${run.json.id}:cancel`)
  assert.equal((await api.call('DELETE', `/v1/datasets/${datasetId}`)).status, 204)
  await api.sweep()
  assert.equal(await api.objects.head(`${prefix}/manifest.json`), null)
})
