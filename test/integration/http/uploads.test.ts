/** Uploads at their edges, on both stores: completed by many at once, with parts of a wrong length, under hostile names. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import type { ObjectStore } from '../../../src/domain/ports.ts'
import { createUploadVerbs } from '../../../src/services/datasets/uploads.ts'
import { createS3Store } from '../../../src/storage/objects/s3-store.ts'
import { type Answer, createTestApp, LIMITS, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { connectS3 } from '../../helpers/object-store.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { chunked, exchange, formatRequest } from '../../helpers/raw-client.ts'
import { complete, type Started, sendPart, startUpload } from '../../helpers/upload-steps.ts'

const skip = await whyNoPostgres()
const AT_ONCE = 8
const MEBIBYTE = 1024 * 1024

const s3 = await connectS3({ after })
const s3Store = createS3Store({
  bucket: s3.bucket,
  region: 'us-east-1',
  endpoint: s3.endpoint,
  forcePathStyle: true,
  credentials: s3
})
after(() => s3Store.close())
const apps = skip
  ? []
  : ([
      ['folder', await createTestApp({ after })],
      ['S3', await createTestApp({ after }, { objects: s3Store })]
    ] as const)

const createDataset = async (api: TestApp): Promise<string> =>
  (await api.call('POST', '/v1/datasets', { body: { name: 'shoes' } })).json.id

async function sendAll(api: TestApp, { urls, partBytes }: Started, content: Buffer): Promise<string[]> {
  const etags: string[] = []
  for (const [i, url] of urls.entries()) {
    const { status, etag } = await sendPart(api, url, content.subarray(i * partBytes, (i + 1) * partBytes))
    assert.equal(status, 200)
    etags.push(etag)
  }
  return etags
}

async function contentOf(api: TestApp, { id }: Started): Promise<Buffer | null> {
  const upload = await api.stores.datasets.findUpload(api.projectId, id)
  const isThere = upload && (await api.objects.head(upload.objectKey))
  return isThere ? Buffer.from(await api.objects.get(upload.objectKey)) : null
}

for (const [name, api] of apps) {
  describe(`uploads to the ${name} store`, () => {
    const lacks = (name === 'S3' && s3.lacks) || false

    for (const owner of ['dataset', 'weights'] as const) {
      test(`of ${owner}, completed by ${AT_ONCE} at once, answer all of them the same`, async () => {
        const dataset = owner === 'dataset' ? await createDataset(api) : null
        const content = randomBytes(17 * MEBIBYTE)
        const started = await startUpload(api, dataset, { bytes: content.length })
        const etags = await sendAll(api, started, content)
        const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => complete(api, started, etags)))
        answers.push(await complete(api, started, etags))
        for (const { status, text } of answers) {
          assert.equal(status, 200, text)
          assert.equal(text, answers[0]?.text)
        }
        assert.equal(answers[0]?.json.status, 'completed')
        assert.ok((await contentOf(api, started))?.equals(content))
      })
    }

    // s3rver writes over an object that is there, in place.
    test(`completed by ${AT_ONCE} processes at once are complete for all of them`, { skip: lacks }, async () => {
      const { stores, objects, projectId } = api
      const dataset = await createDataset(api)
      const content = randomBytes(17 * MEBIBYTE)
      const started = await startUpload(api, dataset, { bytes: content.length })
      const parts = (await sendAll(api, started, content)).map((etag, i) => ({ part: i + 1, etag }))
      const completed = await Promise.all(
        Array.from({ length: AT_ONCE }, () => {
          const verbs = createUploadVerbs({ stores, objects, clock: fakeClock(), newId, limits: LIMITS })
          return verbs.completeUpload(projectId, dataset, { uploadId: started.id, parts })
        })
      )
      assert.deepEqual(
        completed.map(({ status }) => status),
        completed.map(() => 'completed')
      )
      assert.ok((await contentOf(api, started))?.equals(content))
    })

    for (const isDone of [true, false]) {
      const answer = isDone ? 'are complete' : 'can be completed again'
      test(`${answer} when the store ${isDone ? 'did it' : 'did not do it'} and its answer was lost`, async () => {
        const { stores, projectId } = api
        const content = randomBytes(1000)
        const started = await startUpload(api, null, { bytes: content.length })
        const parts = (await sendAll(api, started, content)).map((etag, i) => ({ part: i + 1, etag }))
        const objects: ObjectStore = {
          ...api.objects,
          async finishUpload(...upload) {
            if (isDone) await api.objects.finishUpload(...upload)
            throw new AppError('storage_unavailable')
          }
        }
        const verbs = createUploadVerbs({ stores, objects, clock: fakeClock(), newId, limits: LIMITS })
        const first = verbs.completeUpload(projectId, null, { uploadId: started.id, parts })
        if (isDone) assert.equal((await first).status, 'completed')
        else await assert.rejects(first, (error) => isAppError(error, 'storage_unavailable'))
        const etags = parts.map(({ etag }) => etag)
        assert.equal((await complete(api, started, etags)).status, 200)
        assert.ok((await contentOf(api, started))?.equals(content))
      })
    }

    test('completed while their dataset is deleted leave no object', async () => {
      for (let i = 0; i < 10; i++) {
        const dataset = await createDataset(api)
        const started = await startUpload(api, dataset, { bytes: 1000 })
        const etags = await sendAll(api, started, randomBytes(1000))
        const [completed, deleted] = await Promise.all([
          complete(api, started, etags),
          api.call('DELETE', `/v1/datasets/${dataset}`)
        ])
        assert.equal(deleted.status, 204)
        assert.ok([200, 404].includes(completed.status), completed.text)
        for await (const { key } of api.objects.list(`uploads/${dataset}/`)) assert.fail(`${key} is left`)
      }
    })

    for (const filename of [
      '..',
      '.zip',
      '../a.zip',
      '..\\a.zip',
      'a\0.zip',
      'a\n.zip',
      '\ud800.zip',
      '\udc00\ud800.zip',
      '%2e%2e%2fa.zip',
      '..%2f.zip',
      'a+b%20c?d#e&f.zip',
      `a'b"c<d>.zip`,
      '\u202egpj.zip',
      '😀 ä.zip',
      ' .zip',
      `${'x'.repeat(251)}.zip`,
      `${'ä'.repeat(126)}.zip`,
      `${'ä'.repeat(251)}.zip`
    ]) {
      const shown = `${JSON.stringify(filename).slice(0, 40)} (${filename.length})`
      // s3rver gives its files longer names than that, and ends when the file system refuses them.
      const isTooLong = Buffer.byteLength(filename) > 230 && Buffer.byteLength(filename) < 256
      test(`named ${shown} go through or are refused by name`, { skip: isTooLong && lacks }, async () => {
        const dataset = await createDataset(api)
        const body = { filename, bytes: 3 }
        const started = await api.call('POST', `/v1/datasets/${dataset}/uploads`, { body })
        if (started.status !== 201) {
          assert.equal(started.status, 400, started.text)
          assert.equal(started.json.errors[0].pointer, '/filename')
          return
        }
        assert.equal(started.json.filename, filename)
        const { status, etag } = await sendPart(api, started.json.parts[0].url, Buffer.from('abc'))
        assert.equal(status, 200)
        const path = `/v1/datasets/${dataset}/uploads/${started.json.id}`
        const done = await complete(api, { path, id: started.json.id, urls: [], partBytes: 3 }, [etag])
        assert.equal(done.status, 200, done.text)
        const upload = await api.stores.datasets.findUpload(api.projectId, started.json.id)
        assert.equal((await api.objects.head(upload?.objectKey ?? ''))?.bytes, 3)
      })
    }

    for (const etag of ['\0', '<x>&amp;', '""', 'é', '\ud800', ']]>', 'x'.repeat(200), '../../key']) {
      const shown = JSON.stringify(etag).slice(0, 30)
      test(`completed with the tag ${shown} instead of the part's are refused`, async () => {
        const started = await startUpload(api, null, { bytes: 3 })
        await sendAll(api, started, Buffer.from('abc'))
        const { status, text } = await complete(api, started, [etag])
        // s3rver does not look at tags.
        const isTaken = lacks && status === 200
        assert.ok(isTaken || [400, 409].includes(status), text)
      })
    }
  })
}

describe('a part', { skip }, async () => {
  const [[, api] = [], [, onS3] = []] = apps
  if (!api || !onS3) return
  const port = Number(new URL(await api.app.listen({ port: 0, host: '127.0.0.1' })).port)

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
      test(`of ${sent} bytes (${how}) is refused where ${announced} were announced, and nothing is left`, async () => {
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

  test('of more than anybody announces is refused before it is sent', async () => {
    const { urls } = await startUpload(api, null, { bytes: 10 })
    const headers = { 'content-length': String(1024 ** 4) }
    const refused = await exchange(port, formatRequest({ method: 'PUT', path: urls[0] ?? '', headers }))
    assert.equal(refused.status, 413)
    assert.equal(refused.headers['connection'], 'close')
  })

  test('at the end is as long as what is left', async () => {
    const content = randomBytes(16 * MEBIBYTE + 5)
    const started = await startUpload(api, null, { bytes: content.length })
    assert.equal(started.urls.length, 2)
    const swapped = await put(started.urls[1] ?? '', content.subarray(0, started.partBytes), 'sized')
    assert.equal(swapped.status, 413)
    const etags = await sendAll(api, started, content)
    assert.equal((await complete(api, started, etags)).status, 200)
    assert.ok((await contentOf(api, started))?.equals(content))
  })

  test('has its length in the URL that S3 signs, so that S3 refuses another one', async () => {
    const started = await startUpload(onS3, null, { bytes: 1000 })
    assert.match(decodeURIComponent(started.urls[0] ?? ''), /X-Amz-SignedHeaders=content-length;host/)
    if (s3.lacks === null) assert.equal((await sendPart(onS3, started.urls[0] ?? '', randomBytes(999))).status, 403)
    assert.equal((await sendPart(onS3, started.urls[0] ?? '', randomBytes(1000))).status, 200)
  })

  test('sent by many at once has the bytes of its ETag, whichever was last', async () => {
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

  test('that comes after its upload was completed finds none, and brings nothing back', async () => {
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
