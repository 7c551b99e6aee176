/** Downloads of the folder store over real sockets: whole, in ranges, again, and while the object is replaced. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { CAN_LIST_OPEN_FILES, listOpenFiles } from '../../helpers/open-files.ts'
import { createOpenApiValidator } from '../../helpers/openapi-validator.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const origin = skip ? '' : await api.app.listen({ port: 0, host: '127.0.0.1' })
const openApi = createOpenApiValidator()

const CONTENT = randomBytes(300_000)

async function put(key: string, content: Buffer): Promise<string> {
  await api.objects.put(key, content)
  return api.objects.downloadUrl(key, 3600, `naïve 'name'.bin`)
}

async function ask(url: string, headers: Readonly<Record<string, string>> = {}, method: 'GET' | 'HEAD' = 'GET') {
  const response = await fetch(`${origin}${url}`, { method, headers })
  const body = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type')
  openApi.validateResponse(openApi.operationOf(method, url), response.status, type, body.toString('latin1'))
  return { status: response.status, header: (name: string) => response.headers.get(name), body }
}

test('an object comes whole, with its size, its ETag and its name', { skip }, async () => {
  const { status, header, body } = await ask(await put('downloads/whole', CONTENT))
  assert.equal(status, 200)
  assert.ok(body.equals(CONTENT))
  assert.equal(header('content-length'), String(CONTENT.length))
  assert.equal(header('accept-ranges'), 'bytes')
  assert.equal(header('content-disposition'), `attachment; filename*=UTF-8''na%C3%AFve%20%27name%27.bin`)
  assert.match(header('etag') ?? '', /^"[^"]+"$/)
})

for (const [range, start, end] of [
  ['bytes=0-0', 0, 0],
  ['bytes=100-199', 100, 199],
  ['bytes=299999-', 299_999, 299_999],
  ['bytes=65536-131072', 65_536, 131_072],
  ['bytes=1-', 1, 299_999],
  ['bytes=-5', 299_995, 299_999],
  ['bytes=-400000', 0, 299_999],
  ['bytes=200000-999999', 200_000, 299_999]
] as const) {
  test(`the range ${range} is sent, and which it is`, { skip }, async () => {
    const { status, header, body } = await ask(await put('downloads/ranges', CONTENT), { range })
    assert.equal(status, 206)
    assert.equal(header('content-range'), `bytes ${start}-${end}/${CONTENT.length}`)
    assert.equal(header('content-length'), String(end - start + 1))
    assert.ok(body.equals(CONTENT.subarray(start, end + 1)))
  })
}

for (const range of ['bytes=0-1,5-6', 'lines=0-1', 'bytes=5-1', 'nonsense']) {
  test(`to the range "${range}" the answer is the whole object`, { skip }, async () => {
    const { status, header, body } = await ask(await put('downloads/ignored', CONTENT), { range })
    assert.equal(status, 200)
    assert.equal(header('content-range'), null)
    assert.ok(body.equals(CONTENT))
  })
}

for (const range of ['bytes=300000-', 'bytes=300000-300001', 'bytes=-0', 'bytes=9999999999999999999-']) {
  test(`the range ${range}, behind the last byte, cannot be satisfied`, { skip }, async () => {
    const { status, header, body } = await ask(await put('downloads/behind', CONTENT), { range })
    assert.equal(status, 416)
    assert.equal(header('content-range'), 'bytes */300000')
    const { code, bytes } = JSON.parse(body.toString())
    assert.deepEqual({ code, bytes }, { code: 'range_not_satisfiable', bytes: 300_000 })
  })
}

test('an empty object has no ranges, and no bytes', { skip }, async () => {
  const url = await put('downloads/empty', Buffer.alloc(0))
  for (const headers of [{}, { range: 'bytes=0-' }, { range: 'bytes=-1' }] as Record<string, string>[]) {
    const { status, header, body } = await ask(url, headers)
    assert.equal(status, 200)
    assert.equal(header('content-length'), '0')
    assert.equal(body.length, 0)
  }
})

test('HEAD says what GET would, without a body', { skip }, async () => {
  const url = await put('downloads/head', CONTENT)
  const get = await ask(url)
  const head = await ask(url, { range: 'bytes=0-9' }, 'HEAD')
  assert.equal(head.status, 200)
  assert.equal(head.body.length, 0)
  for (const name of ['content-length', 'content-type', 'content-disposition', 'etag', 'accept-ranges']) {
    assert.equal(head.header(name), get.header(name), name)
  }
  assert.equal((await ask('/v1/objects/none', {}, 'HEAD')).status, 403)
})

test('who has it already is told so, by GET and HEAD', { skip }, async () => {
  const url = await put('downloads/known', CONTENT)
  const etag = (await ask(url)).header('etag') ?? ''
  for (const method of ['GET', 'HEAD'] as const) {
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const { status, header, body } = await ask(url, { 'if-none-match': known, range: 'bytes=0-9' }, method)
      assert.equal(status, 304, known)
      assert.equal(header('etag'), etag)
      assert.equal(body.length, 0)
    }
    assert.equal((await ask(url, { 'if-none-match': '"other"' }, method)).status, 200)
  }
})

test('a download goes on only if the object is the same: another one is sent whole', { skip }, async () => {
  const url = await put('downloads/replaced', CONTENT)
  const etag = (await ask(url)).header('etag') ?? ''
  const range = 'bytes=100-'
  assert.equal((await ask(url, { range, 'if-range': etag })).status, 206)
  for (const weaker of [`W/${etag}`, 'Fri, 27 Nov 2026 00:00:00 GMT']) {
    assert.equal((await ask(url, { range, 'if-range': weaker })).status, 200, weaker)
  }

  // As many bytes, at once after the first ones.
  const other = randomBytes(CONTENT.length)
  await put('downloads/replaced', other)
  const again = await ask(url, { range, 'if-range': etag })
  assert.equal(again.status, 200)
  assert.notEqual(again.header('etag'), etag)
  assert.ok(again.body.equals(other))
  assert.equal((await ask(url, { 'if-none-match': etag })).status, 200)
})

test('an object that is replaced while it is read comes as it was', { skip }, async () => {
  const large = Buffer.alloc(20_000_000, 1)
  const response = await fetch(`${origin}${await put('downloads/while', large)}`)
  await put('downloads/while', Buffer.alloc(10, 2))
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(large))
})

test('what is not there, or is a folder, is not found', { skip }, async () => {
  await put('downloads/folder/object', CONTENT)
  for (const key of ['downloads/absent', 'downloads/folder', 'downloads/folder/object/below']) {
    const { status, body } = await ask(await api.objects.downloadUrl(key, 3600, 'x'))
    assert.equal(status, 404, key)
    assert.equal(JSON.parse(body.toString()).code, 'object_not_found')
  }
})

test('no answer keeps a file open', { skip: skip || !CAN_LIST_OPEN_FILES }, async () => {
  const url = await put('downloads/handles', CONTENT)
  const folder = await api.objects.downloadUrl('downloads/folder', 3600, 'x')
  const etag = (await ask(url)).header('etag') ?? ''
  const opened = async () => (await listOpenFiles()).files
  // The answers of before may still be closing theirs.
  for (let turn = 0; turn < 1000 && (await opened()).some((file) => file.includes('/downloads/')); turn++)
    await settle()
  const before = await opened()
  for (let i = 0; i < 50; i++) {
    await ask(url)
    await ask(url, { range: 'bytes=0-9' })
    await ask(url, { range: 'bytes=999999-' })
    await ask(url, { 'if-none-match': etag })
    await ask(url, {}, 'HEAD')
    await ask(folder)
  }
  for (let turn = 0; turn < 1000 && (await opened()).length > before.length; turn++) await settle()
  assert.deepEqual(await opened(), before)
})
