/** Parts of uploads, sent over real sockets: of a wrong length, too late, several at once, to URLs that nobody signed. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Answer, createTestApp, type TestApp, type TestAppOptions } from '../../helpers/app.ts'
import { openS3Store } from '../../helpers/object-store.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { chunked, exchange, formatRequest } from '../../helpers/raw-client.ts'
import { complete, contentOf, sendAll, sendPart, startUpload } from '../../helpers/upload-steps.ts'

const skip = await whyNoPostgres()
const AT_ONCE = 8
const MEBIBYTE = 1024 * 1024

const s3 = await openS3Store({ after })
const start = (options: TestAppOptions = {}) =>
  skip ? (undefined as unknown as TestApp) : createTestApp({ after }, options)
const api = await start()
const onS3 = await start({ objects: s3.store })
const port = skip ? 0 : Number(new URL(await api.app.listen({ port: 0, host: '127.0.0.1' })).port)

describe('parts', { skip }, () => {
  const filesOf = async (): Promise<string[]> => {
    const temporary = await readdir(join(api.objectsRoot, 'temporary')).catch(() => [])
    const uploads = await readdir(join(api.objectsRoot, 'uploads'), { recursive: true })
    return [...temporary, ...uploads].filter((path) => !/^[0-9a-f]{32}(\/key)?$/.test(path))
  }

  const put = (path: string, body: Buffer, how: 'sized' | 'chunked') =>
    how === 'sized'
      ? exchange(port, formatRequest({ method: 'PUT', path, body, headers: { connection: 'close' } }))
      : exchange(
          port,
          formatRequest({
            method: 'PUT',
            path,
            body: chunked([body.subarray(0, 5), body.subarray(5)].filter(({ length }) => length > 0)),
            headers: { connection: 'close', 'transfer-encoding': 'chunked' }
          })
        )

  for (const how of ['sized', 'chunked'] as const) {
    for (const [announced, sent, status, code] of [
      [1000, 0, 409, 'upload_incomplete'],
      [1000, 1, 409, 'upload_incomplete'],
      [1000, 999, 409, 'upload_incomplete'],
      [1000, 1001, 413, 'body_too_large'],
      [1000, 2000, 413, 'body_too_large'],
      [1, 6 * MEBIBYTE, 413, 'body_too_large'],
      [6 * MEBIBYTE, 6 * MEBIBYTE - 1, 409, 'upload_incomplete']
    ] as const) {
      test(`a part of ${sent} bytes (${how}) is refused where ${announced} were announced, and nothing is left`, async () => {
        const started = await startUpload(api, null, { bytes: announced })
        const url = started.urls[0] ?? ''
        const before = await filesOf()
        const refused = await put(url, randomBytes(sent), how)
        assert.equal(refused.status, status)
        assert.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8')
        assert.equal(JSON.parse(refused.body.toString()).code, code)
        assert.deepEqual(await filesOf(), before)

        const right = await put(url, Buffer.alloc(announced, 1), how)
        assert.equal(right.status, 200)
        assert.equal((await complete(api, started, [right.headers['etag'] ?? ''])).status, 200)
      })
    }
  }

  test('a part of more than anybody announces is refused before it is sent', async () => {
    const { urls } = await startUpload(api, null, { bytes: 10 })
    const headers = { 'content-length': String(1024 ** 4) }
    const refused = await exchange(port, formatRequest({ method: 'PUT', path: urls[0] ?? '', headers }))
    assert.equal(refused.status, 413)
    assert.equal(refused.headers['connection'], 'close')
  })

  test('a part at the end is as long as what is left', async () => {
    const content = randomBytes(16 * MEBIBYTE + 5)
    const started = await startUpload(api, null, { bytes: content.length })
    assert.equal(started.urls.length, 2)
    const swapped = await put(started.urls[1] ?? '', content.subarray(0, started.partBytes), 'sized')
    assert.equal(swapped.status, 413)
    const etags = await sendAll(api, started, content)
    assert.equal((await complete(api, started, etags)).status, 200)
    assert.ok((await contentOf(api, started))?.equals(content))
  })

  test('a part has its length in the URL that S3 signs, so that S3 refuses another one', async () => {
    const started = await startUpload(onS3, null, { bytes: 1000 })
    assert.match(decodeURIComponent(started.urls[0] ?? ''), /X-Amz-SignedHeaders=content-length;host/)
    if (s3.lacks === null) assert.equal((await sendPart(onS3, started.urls[0] ?? '', randomBytes(999))).status, 403)
    assert.equal((await sendPart(onS3, started.urls[0] ?? '', randomBytes(1000))).status, 200)
  })

  test('a part sent by many at once has the bytes of its ETag, whichever was last', async () => {
    for (let round = 0; round < 20; round++) {
      const started = await startUpload(api, null, { bytes: 1000 })
      const contents = Array.from({ length: AT_ONCE }, () => randomBytes(1000))
      const sent: { etag: string }[] = await Promise.all(
        contents.map((content) => sendPart(api, started.urls[0] ?? '', content))
      )
      const statuses: number[] = []
      for (const { etag } of sent) {
        const done: Answer = await complete(api, started, [etag])
        statuses.push(done.status)
        if (done.status !== 200) continue
        const content = await contentOf(api, started)
        assert.equal(
          `"${createHash('md5')
            .update(content ?? '')
            .digest('hex')}"`,
          etag
        )
        break
      }
      assert.equal(statuses.at(-1), 200, 'one of them was the last')
    }
  })

  test('a part that comes after its upload was completed finds none, and brings nothing back', async () => {
    const started = await startUpload(api, null, { bytes: 3 })
    const etags = await sendAll(api, started, Buffer.from('abc'))
    const late = Array.from({ length: AT_ONCE }, () => sendPart(api, started.urls[0] ?? '', Buffer.from('xyz')))
    const [done, ...sent] = await Promise.all([complete(api, started, etags), ...late])
    // Who came before it has replaced the part: then the tag was of another one.
    if (done.status !== 200) assert.equal(done.json.code, 'upload_incomplete')
    else assert.ok(sent.every(({ status }) => status === 200 || status === 404))
    if (done.status === 200) assert.equal((await sendPart(api, started.urls[0] ?? '', Buffer.from('xyz'))).status, 404)
    const uploads = join(api.objectsRoot, 'uploads')
    for (const folder of await readdir(uploads)) {
      assert.ok((await readdir(join(uploads, folder))).includes('key'), 'a folder of an upload that is gone')
    }
  })

  for (const token of [
    '..%2f..%2fetc%2fpasswd',
    '..',
    '.',
    '%00',
    '%ff',
    '%2e%2e',
    'a.b',
    'e30.',
    '.e30',
    '__proto__',
    'a%0d%0aset-cookie:%20x',
    '%F0%9F%98%80',
    'x'.repeat(4000),
    'x'.repeat(9000)
  ]) {
    test(`behind the URL ${token.slice(0, 30)} (${token.length}) is nothing, whoever asks how`, async () => {
      for (const method of ['PUT', 'GET', 'HEAD']) {
        const headers = { connection: 'close', 'content-length': '0' }
        const { status, body } = await exchange(port, formatRequest({ method, path: `/v1/objects/${token}`, headers }))
        assert.ok(status >= 400 && status < 500, `${method} ${status}`)
        if (method !== 'HEAD') assert.equal(JSON.parse(body.toString()).status, status)
      }
    })
  }
})
