/** The S3 store against a server that answers what a test says, and against none: no file, no stream is left to itself. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, type TestContext, test } from 'node:test'
import { PATIENCE_OF_WORKERS } from '../../../src/storage/objects/patience.ts'
import { createS3Store } from '../../../src/storage/objects/s3-store.ts'
import { CAN_LIST_OPEN_FILES, listOpenFiles } from '../../helpers/open-files.ts'
import { failsWith } from './failing.ts'

const folder = await mkdtemp(join(tmpdir(), 'kappa-s3-edges-'))
after(() => rm(folder, { recursive: true, force: true }))

interface Told {
  readonly method: string
  readonly url: string
  readonly body: string
}

interface Said {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The connection ends after the body, whatever length was said. */
  readonly isCut?: boolean
  /** The body never ends. */
  readonly isEndless?: boolean
}

const options = (port: number, maxAttempts: number) => ({
  bucket: 'bucket',
  region: 'us-east-1',
  endpoint: `http://127.0.0.1:${port}`,
  forcePathStyle: true,
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  patience: { ...PATIENCE_OF_WORKERS, maxAttempts }
})

const refusal = (status: number, code: string): Said => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`
})

async function aStore(t: TestContext, answer: (told: Told) => Said, maxAttempts = 1) {
  const told: Told[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const one = { method: request.method ?? '', url: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') }
    told.push(one)
    const { status, headers, body = '', isCut = false, isEndless = false } = answer(one)
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
    if (isCut) response.write(body, () => response.destroy())
    else if (isEndless) response.write(body)
    else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  const store = createS3Store(options(port, maxAttempts))
  t.after(() => {
    store.close()
    server.closeAllConnections()
    server.close()
  })
  return { store, told }
}

for (const [code, status, expected] of [
  ['NoSuchUpload', 404, 'upload_not_found'],
  ['InvalidPart', 400, 'upload_incomplete'],
  ['InvalidPartOrder', 400, 'upload_incomplete'],
  ['EntityTooSmall', 400, 'upload_incomplete'],
  // S3 begins its answer before the work is done, so a failure may come under 200.
  ['InternalError', 200, 'storage_unavailable']
] as const) {
  test(`an upload that S3 refuses to finish with ${code} is ${expected}`, async (t) => {
    const { store } = await aStore(t, () => refusal(status, code))
    await assert.rejects(store.finishUpload('key', 'id', [{ part: 1, etag: '"x"' }]), failsWith(expected))
  })
}

test('an upload that is not there is aborted, and one that cannot be is told', async (t) => {
  let said = refusal(404, 'NoSuchUpload')
  const { store } = await aStore(t, () => said)
  await store.abortUpload('key', 'id')
  said = refusal(503, 'SlowDown')
  await assert.rejects(store.abortUpload('key', 'id'), failsWith('storage_unavailable'))
})

test('tags with every visible character reach S3 as they are', async (t) => {
  const etag = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')
  const { store, told } = await aStore(t, () => refusal(400, 'InvalidPart'))
  await assert.rejects(store.finishUpload('key', 'id', [{ part: 1, etag }]), failsWith('upload_incomplete'))
  const sent = /<ETag>(.*)<\/ETag>/.exec(told[0]?.body ?? '')?.[1] ?? ''
  const names: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
  assert.equal(
    sent.replaceAll(/&(\w+);/g, (_, name: string) => names[name] ?? '?'),
    etag
  )
})

test('more than 1000 objects are removed, a thousand at once, and what stays is told', async (t) => {
  const keys = Array.from({ length: 1500 }, (_, i) => `<Contents><Key>p/${i}</Key><Size>1</Size></Contents>`)
  const list = `<ListBucketResult><IsTruncated>false</IsTruncated>${keys.join('')}</ListBucketResult>`
  let removed = '<DeleteResult></DeleteResult>'
  const { store, told } = await aStore(t, ({ method }) => ({ status: 200, body: method === 'GET' ? list : removed }))
  await store.removePrefix('p/')
  const counts = told.filter(({ method }) => method === 'POST').map(({ body }) => body.split('<Key>').length - 1)
  assert.deepEqual(counts, [1000, 500])
  removed = '<DeleteResult><Error><Key>p/7</Key><Message>locked</Message></Error></DeleteResult>'
  await assert.rejects(store.removePrefix('p/'), /p\/7: locked/)
})

test('a body that always breaks off is given up after three tries', async (t) => {
  const { store, told } = await aStore(t, () => ({
    status: 200,
    headers: { 'content-length': '10' },
    body: 'half',
    isCut: true
  }))
  await assert.rejects(store.get('key'))
  assert.equal(told.length, 3)
})

test('no bytes are asked for where none are wanted, and a range behind the end is empty', async (t) => {
  const { store, told } = await aStore(t, () => refusal(416, 'InvalidRange'))
  assert.equal((await store.getRange('key', 5, 0)).length, 0)
  assert.equal(told.length, 0)
  assert.equal((await store.getRange('key', 5, 1)).length, 0)
})

test('a file that S3 does not take is closed', { skip: !CAN_LIST_OPEN_FILES }, async (t) => {
  const { store } = await aStore(t, () => refusal(503, 'SlowDown'))
  const path = join(folder, 'large')
  await writeFile(path, randomBytes(40_000_000))
  for (let i = 0; i < 5; i++) await assert.rejects(store.putFile('key', path), failsWith('storage_unavailable'))
  const isOpen = async () => (await listOpenFiles()).files.includes(path)
  for (let turn = 0; turn < 1000 && (await isOpen()); turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await isOpen(), false)
})

test('a body that broke before it was put is its error', async (t) => {
  const { store } = await aStore(t, () => ({ status: 200 }))
  const body = new Readable({ read() {} })
  body.destroy(new Error('the sender is gone'))
  await assert.rejects(store.put('key', body), /the sender is gone/)
})

test('a stopped S3 server is storage_unavailable for every verb', async (t) => {
  const store = createS3Store(options(1, 1))
  t.after(() => store.close())
  const isUnavailable = failsWith('storage_unavailable')
  await assert.rejects(store.check(), isUnavailable)
  await assert.rejects(store.put('a', Buffer.from('x')), isUnavailable)
  await assert.rejects(store.put('a', Readable.from([Buffer.from('x')])), isUnavailable)
  await assert.rejects(store.get('a'), isUnavailable)
  await assert.rejects(store.head('a'), isUnavailable)
  await assert.rejects(store.removePrefix('a/'), isUnavailable)
  await assert.rejects(store.list('a/')[Symbol.asyncIterator]().next(), isUnavailable)
  await assert.rejects(store.startUpload('a'), isUnavailable)
})

test('errors of an S3 server are repeated, then storage_unavailable; a full one is storage_full', async (t) => {
  const answers: Said[] = [{ status: 500 }]
  const { store, told } = await aStore(t, () => answers.shift() ?? { status: 200 }, 2)
  const content = Buffer.from('x')
  await store.put('a', content)
  assert.equal(told.length, 2)
  answers.push({ status: 503 }, { status: 503 })
  await assert.rejects(store.put('a', content), failsWith('storage_unavailable'))
  assert.equal(told.length, 4)
  const full = '<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>'
  answers.push({ status: 507, body: full }, { status: 507, body: full })
  await assert.rejects(store.put('a', content), failsWith('storage_full'))
})

test('a body that breaks off is fetched again', async (t) => {
  const headers = { 'content-length': '8' }
  const answers: Said[] = [
    { status: 200, headers, body: 'half', isCut: true },
    { status: 200, headers, body: 'complete' }
  ]
  const { store, told } = await aStore(t, () => answers.shift()!)
  assert.equal(Buffer.from(await store.get('a')).toString(), 'complete')
  assert.equal(told.length, 2)
})

test('a download that nobody wants any more ends, and leaves no file', async (t) => {
  const unwanted = new AbortController()
  const { store } = await aStore(t, () => {
    setImmediate(() => unwanted.abort(new Error('cancelled')))
    return { status: 200, headers: { 'content-length': '1000000' }, body: 'x'.repeat(1000), isEndless: true }
  })
  const target = join(folder, 'unwanted', 'file')
  await assert.rejects(store.getFile('key', target, { signal: unwanted.signal }), /abort|cancelled/i)
  assert.deepEqual(await readdir(join(folder, 'unwanted')), [])
})
