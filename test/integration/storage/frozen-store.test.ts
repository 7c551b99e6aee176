/** A store that takes connections and then says nothing, all at once or in the middle: told from one that is slow. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { isAppError } from '../../../src/base/errors.ts'
import type { ObjectStore } from '../../../src/domain/ports.ts'
import { PATIENCE_OF_REQUESTS } from '../../../src/storage/objects/patience.ts'
import { createS3Store } from '../../../src/storage/objects/s3-store.ts'
import { createFaultyProxy } from '../../chaos/faulty-proxy.ts'
import { createTestApp } from '../../helpers/app.ts'
import { connectS3 } from '../../helpers/object-store.ts'

const SHORT = { answerMs: 300, silenceMs: 300, maxAttempts: 2 }
/** Much more than every wait of SHORT, its tries included, also on a busy machine; without any the store is waited for for ever. */
const SOON_MS = 20_000

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function aStore(t: TestContext, answer: Answer, patience = SHORT) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  const store = createS3Store({
    bucket: 'bucket',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    patience
  })
  t.after(() => {
    store.close()
    server.closeAllConnections()
    server.close()
  })
  return store
}

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-frozen-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const isOutage = (error: unknown) => isAppError(error, 'storage_unavailable') && error.details.retryAfterS === 5

async function failsSoon(work: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now()
  await assert.rejects(work, isOutage)
  const ms = performance.now() - startedAt
  assert.ok(ms < SOON_MS, `it took ${ms.toFixed(0)} ms`)
}

const frozen: Answer = () => {}

const listAll = async (store: ObjectStore) => {
  for await (const _ of store.list('a/'));
}

const CALLS: Readonly<Record<string, (store: ObjectStore, folder: string) => Promise<unknown>>> = {
  put: (store) => store.put('a/key', randomBytes(10)),
  'put of a stream': (store) => store.put('a/key', Readable.from([randomBytes(10)])),
  putFile: (store, folder) => store.putFile('a/key', join(folder, 'file')),
  get: (store) => store.get('a/key'),
  getRange: (store) => store.getRange('a/key', 1, 2),
  getFile: (store, folder) => store.getFile('a/key', join(folder, 'into/file')),
  head: (store) => store.head('a/key'),
  list: listAll,
  removePrefix: (store) => store.removePrefix('a/'),
  startUpload: (store) => store.startUpload('a/key'),
  finishUpload: (store) => store.finishUpload('a/key', 'id', [{ part: 1, etag: '"x"' }]),
  abortUpload: (store) => store.abortUpload('a/key', 'id'),
  check: (store) => store.check()
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} ends with an error when the store says nothing`, async (t) => {
    const folder = await aFolder(t)
    await writeFile(join(folder, 'file'), randomBytes(1000))
    const store = await aStore(t, frozen)
    await failsSoon(() => call(store, folder))
  })
}

test('a body that stops in the middle ends with a sentence that says so, and leaves no file', async (t) => {
  const folder = await aFolder(t)
  let asked = 0
  const store = await aStore(t, (_, response) => {
    asked++
    response.writeHead(200, { 'content-length': '1000' })
    response.write(randomBytes(400))
  })
  await failsSoon(() => store.get('a/key'))
  assert.equal(asked, 1, 'after a silence the same is not asked again')
  await assert.rejects(store.getFile('a/key', join(folder, 'file')), /said nothing for 0.3 s/)
  assert.deepEqual(await readdir(folder), [])
})

test('what moves is not cut short, however slow', async (t) => {
  const folder = await aFolder(t)
  const content = randomBytes(20)
  // In all three times the silence that is borne.
  const slowly: Answer = async (request, response) => {
    if (request.method === 'PUT') {
      request.resume()
      return void request.on('end', () => response.setHeader('etag', '"x"').end())
    }
    response.writeHead(200, { 'content-length': String(content.length) })
    for (const byte of content) {
      response.write(Buffer.from([byte]))
      await after(50)
    }
    response.end()
  }
  const store = await aStore(t, slowly)
  assert.deepEqual(Buffer.from(await store.get('a/key')), content)
  await store.getFile('a/key', join(folder, 'file'))
})

test('what is taken piece by piece arrives', async (t) => {
  let received = 0
  // More than sockets hold back, so that the sender waits for the receiver: two seconds in all.
  const bytes = 40_000_000
  const store = await aStore(
    t,
    async (request, response) => {
      for await (const chunk of request) {
        const before = Math.floor(received / 1_000_000)
        received += chunk.length
        if (before < Math.floor(received / 1_000_000)) await after(50)
      }
      response.setHeader('etag', '"x"').end()
    },
    { ...SHORT, silenceMs: 600 }
  )
  await store.put('a/key', randomBytes(bytes))
  assert.equal(received, bytes)
})

/** Its socket's silence and one question, and what a busy machine adds: less than the repetitions of one request alone would take. */
const PATIENT = { answerMs: 900, silenceMs: 1000, maxAttempts: 4 }
const FROZEN_WITHIN_MS = 6_000

for (const megabytes of [1, 40]) {
  test(`an upload of ${megabytes} MB into a store that freezes ends once, whatever was to be repeated, and works again afterwards`, async (t) => {
    const folder = await aFolder(t)
    const path = join(folder, 'checkpoint')
    await writeFile(path, randomBytes(megabytes * 1_000_000))
    const server = await connectS3(t)
    const proxy = await createFaultyProxy(Number(new URL(server.endpoint).port))
    t.after(proxy.close)
    const store = createS3Store({
      bucket: server.bucket,
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${proxy.port}`,
      forcePathStyle: true,
      credentials: server,
      patience: PATIENT
    })
    t.after(async () => store.close())
    const key = `frozen-${randomBytes(6).toString('hex')}/checkpoint`
    const uploading = store.putFile(key, path)
    uploading.catch(() => {}) // awaited below
    await after(megabytes > 8 ? 50 : 0)
    proxy.set('frozen')
    const frozenAt = performance.now()
    await assert.rejects(uploading, isOutage)
    const ms = performance.now() - frozenAt
    assert.ok(ms < FROZEN_WITHIN_MS, `it took ${ms.toFixed(0)} ms`)
    proxy.set('passing')
    await store.putFile(key, path)
    assert.equal((await store.head(key))?.bytes, megabytes * 1_000_000)
  })
}

test('a request that was silent is repeated by a store that answers others', async (t) => {
  const folder = await aFolder(t)
  await writeFile(join(folder, 'file'), randomBytes(1000))
  let puts = 0
  const store = await aStore(t, (request, response) => {
    request.resume()
    request.on('end', () => {
      if (request.method === 'PUT' && ++puts === 1) return
      response.setHeader('etag', '"x"').end()
    })
  })
  await store.putFile('a/key', join(folder, 'file'))
  assert.equal(puts, 2)
})

test('joining parts may take longer than any answer, as long as the store answers something', async (t) => {
  const done = '<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>'
  const asked = { checks: 0 }
  const store = await aStore(t, async (request, response) => {
    if (request.method === 'HEAD') {
      asked.checks++
      return void response.end()
    }
    await after(1000)
    response.writeHead(200, { 'content-type': 'application/xml' }).end(done)
  })
  await store.finishUpload('a/key', 'id', [{ part: 1, etag: '"x"' }])
  assert.ok(asked.checks >= 2, `${asked.checks}`)
})

test('a request that needs a frozen store is answered 503 with Retry-After while its client still waits', async (t) => {
  const { call } = await createTestApp(t, { objects: await aStore(t, frozen, PATIENCE_OF_REQUESTS) })
  const { json: dataset } = await call('POST', '/v1/datasets', { body: { name: 'images' } })
  const startedAt = performance.now()
  const body = { filename: 'images.zip', bytes: 1000 }
  const { status, json, headers } = await call('POST', `/v1/datasets/${dataset.id}/uploads`, { body })
  assert.deepEqual([status, json.code, headers['retry-after']], [503, 'storage_unavailable', '5'])
  // Four seconds, and what a busy machine adds; a worker would wait for half a minute.
  assert.ok(performance.now() - startedAt < 15_000)
})
