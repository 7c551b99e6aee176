/** One contract, two stores. What holds for a folder holds for S3, so nobody above needs to know which one it is. */
import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, test } from 'node:test'
import type { ObjectStore, SignedObjects } from '../../../src/domain/ports.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { createS3Store } from '../../../src/storage/objects/s3-store.ts'
import { connectS3 } from '../../helpers/object-store.ts'
import { failsWith } from './failing.ts'
import { serveSignedObjects } from './signed-objects.ts'

const folder = await mkdtemp(join(tmpdir(), 'kappa-objects-'))
after(() => rm(folder, { recursive: true, force: true }))

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const keysOf = async (store: ObjectStore, prefix: string) => {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

const now = { ms: 1_700_000_000_000 }
let folderStore: (ObjectStore & SignedObjects) | null = null
const baseUrl = await serveSignedObjects(() => folderStore!, { after })
folderStore = createFolderStore({
  root: join(folder, 'store'),
  signingKey: 'a test key',
  baseUrl,
  clock: { now: () => now.ms }
})

const s3 = await connectS3({ after })
const s3Options = {
  bucket: s3.bucket,
  region: 'us-east-1',
  endpoint: s3.endpoint,
  forcePathStyle: true,
  credentials: s3
}
const s3Store = createS3Store(s3Options)
after(() => s3Store.close())

for (const [name, store] of [
  ['folder', folderStore],
  ['S3', s3Store]
] as const) {
  describe(`the ${name} store`, () => {
    const root = `test-${randomUUID()}`
    const lacks = (name === 'S3' && s3.lacks) || false

    test('is reachable', () => store.check())

    test('gives back the bytes that were put, whole or a range of them', async () => {
      const key = `${root}/put/a b+ü.bin`
      await store.put(key, bytesOf('0123456789'))
      assert.equal(textOf(await store.get(key)), '0123456789')
      assert.equal(textOf(await store.getRange(key, 2, 3)), '234')
      assert.equal(textOf(await store.getRange(key, 8, 100)), '89')
      assert.equal((await store.getRange(key, 10, 5)).length, 0)
      assert.deepEqual(await store.head(key), { key, bytes: 10 })
    })

    test('keeps empty objects', async () => {
      await store.put(`${root}/empty`, new Uint8Array(0))
      assert.equal((await store.get(`${root}/empty`)).length, 0)
      assert.equal((await store.head(`${root}/empty`))?.bytes, 0)
    })

    test('replaces an object', async () => {
      await store.put(`${root}/again`, bytesOf('the first and longer one'))
      await store.put(`${root}/again`, bytesOf('second'))
      assert.equal(textOf(await store.get(`${root}/again`)), 'second')
    })

    test('takes streams of unknown length', async () => {
      const chunks = Array.from({ length: 5 }, () => randomBytes(3_000_000))
      await store.put(`${root}/stream`, Readable.from(chunks))
      assert.equal(sha256(await store.get(`${root}/stream`)), sha256(Buffer.concat(chunks)))
    })

    test('shows nothing of an object whose stream broke', async () => {
      const broken = Readable.from(
        (async function* () {
          yield randomBytes(6_000_000)
          throw new Error('the sender is gone')
        })()
      )
      await assert.rejects(store.put(`${root}/broken`, broken), /the sender is gone/)
      assert.equal(await store.head(`${root}/broken`), null)
    })

    test('copies files in and out, unchanged', async () => {
      const source = join(folder, `${name}-source`)
      const content = randomBytes(20_000_000)
      await writeFile(source, content)
      await store.putFile(`${root}/file`, source)
      const target = join(folder, `${name}-target`, 'file')
      await store.getFile(`${root}/file`, target)
      assert.equal(sha256(await readFile(target)), sha256(content))
      assert.deepEqual(await readdir(join(folder, `${name}-target`)), ['file'])
    })

    test('says which object is not there', async () => {
      const key = `${root}/absent`
      assert.equal(await store.head(key), null)
      await assert.rejects(store.get(key), failsWith('object_not_found'))
      await assert.rejects(store.getRange(key, 0, 1), failsWith('object_not_found'))
      const target = join(folder, `${name}-absent`, 'file')
      await assert.rejects(store.getFile(key, target), failsWith('object_not_found'))
      assert.equal(existsSync(target), false)
    })

    test('lists what begins with a prefix, in order, and removes it', async () => {
      const keys = ['list/a', 'list/a.b', 'list/a0', 'list/sub/x', 'list/sub/y/z', 'listed'].map(
        (key) => `${root}/${key}`
      )
      await Promise.all(keys.map((key) => store.put(key, bytesOf(key))))
      assert.deepEqual(await keysOf(store, `${root}/list/`), keys.slice(0, 5))
      assert.deepEqual(await keysOf(store, `${root}/list/sub/`), keys.slice(3, 5))
      assert.deepEqual(await keysOf(store, `${root}/list/a`), keys.slice(0, 3))
      assert.deepEqual(await keysOf(store, `${root}/nothing/`), [])
      await store.removePrefix(`${root}/list/sub/`)
      assert.deepEqual(await keysOf(store, `${root}/list`), [...keys.slice(0, 3), keys[5]])
      await store.removePrefix(`${root}/list/a.b`)
      await store.removePrefix(`${root}/nothing/`)
      assert.deepEqual(await keysOf(store, `${root}/list`), [keys[0], keys[2], keys[5]])
    })

    test('refuses keys that would leave the store', async () => {
      for (const key of ['../x', 'a/../../x', '/etc/passwd', 'a//b', 'a/./b', 'a\0b', 'a\\..\\b', '', 'a/']) {
        await assert.rejects(store.put(key, bytesOf('x')), /not an object key/, key)
        await assert.rejects(store.get(key), /not an object key/, key)
      }
      await assert.rejects(async () => store.removePrefix(''), /prefix/)
      await assert.rejects(async () => store.removePrefix('../'), /not an object key/)
    })

    test('joins the parts of an upload in their order', async () => {
      const key = `${root}/parts.bin`
      // S3 wants 5 MiB of every part but the last.
      const contents = [randomBytes(5 * 1024 * 1024), randomBytes(5 * 1024 * 1024), randomBytes(1000)]
      const id = await store.startUpload(key)
      const sizes = contents.map(({ length }) => length)
      const urls = await store.partUrls(key, id, sizes, 3600)
      assert.deepEqual(
        urls.map(({ part }) => part),
        [1, 2, 3]
      )
      const etags = await Promise.all(urls.map(({ url }, i) => putPart(url, contents[i]!)))
      assert.equal(await store.head(key), null)
      await store.finishUpload(
        key,
        id,
        etags.map((etag, i) => ({ part: i + 1, etag }))
      )
      assert.equal(sha256(await store.get(key)), sha256(Buffer.concat(contents)))
    })

    test('does not finish an upload with a wrong or missing part', { skip: lacks }, async () => {
      const key = `${root}/wrong-part`
      const id = await store.startUpload(key)
      const [url] = await store.partUrls(key, id, [8], 3600)
      const etag = await putPart(url!.url, Buffer.from('part one'))
      const other = `"${createHash('md5').update('another').digest('hex')}"`
      await assert.rejects(store.finishUpload(key, id, [{ part: 1, etag: other }]), failsWith('upload_incomplete'))
      const missing = [
        { part: 1, etag },
        { part: 2, etag }
      ]
      await assert.rejects(store.finishUpload(key, id, missing), failsWith('upload_incomplete'))
      assert.equal(await store.head(key), null)
      await store.finishUpload(key, id, [{ part: 1, etag }])
      assert.equal(textOf(await store.get(key)), 'part one')
    })

    test('forgets an aborted upload, also when it is aborted twice', { skip: lacks }, async () => {
      const key = `${root}/aborted`
      const id = await store.startUpload(key)
      const [url] = await store.partUrls(key, id, [1], 3600)
      const etag = await putPart(url!.url, Buffer.from('x'))
      await store.abortUpload(key, id)
      await store.abortUpload(key, id)
      await assert.rejects(store.finishUpload(key, id, [{ part: 1, etag }]), failsWith('upload_not_found'))
      assert.equal(await store.head(key), null)
    })

    test('gives URLs that download without credentials, under a name', async () => {
      const key = `${root}/down/load.bin`
      await store.put(key, bytesOf('for everyone'))
      const response = await fetch(await store.downloadUrl(key, 60, 'naïve name.bin'))
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-disposition') ?? '', /na%C3%AFve%20name\.bin/)
      assert.equal(await response.text(), 'for everyone')
    })

    test('gives URLs that cannot be changed', { skip: lacks }, async () => {
      const key = `${root}/signed`
      await store.put(key, bytesOf('x'))
      await store.put(`${key}-too`, bytesOf('x'))
      const url = await store.downloadUrl(key, 60, 'x')
      const forged =
        name === 'S3' ? url.replace('/signed', '/signed-too') : url.replace(/.$/, (c) => (c === 'A' ? 'E' : 'A'))
      assert.notEqual(forged, url)
      assert.equal((await fetch(forged)).status, 403)
    })
  })
}

describe('URLs of the folder store', () => {
  const store = folderStore
  test('end when they expire', async () => {
    await store.put('urls/expiring', bytesOf('x'))
    const url = await store.downloadUrl('urls/expiring', 60, 'x')
    now.ms += 59_999
    assert.equal((await fetch(url)).status, 200)
    now.ms += 1
    assert.equal((await fetch(url)).status, 403)
  })

  test('permit one purpose only', async () => {
    await store.put('urls/read-only', bytesOf('original'))
    const url = await store.downloadUrl('urls/read-only', 60, 'x')
    assert.equal((await fetch(url, { method: 'PUT', body: 'changed' })).status, 403)
    assert.equal(textOf(await store.get('urls/read-only')), 'original')
  })

  test('of another installation are not valid', async () => {
    const other = createFolderStore({ root: join(folder, 'store'), signingKey: 'another key', baseUrl })
    assert.equal((await fetch(await other.downloadUrl('urls/read-only', 60, 'x'))).status, 403)
  })
})

describe('object stores that fail', () => {
  test('a missing bucket and wrong credentials are storage_unavailable', async () => {
    const noBucket = createS3Store({ ...s3Options, bucket: 'no-such-bucket' })
    await assert.rejects(noBucket.put('a', bytesOf('x')), failsWith('storage_unavailable'))
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' }
    const stranger = createS3Store({ ...s3Options, credentials })
    await assert.rejects(stranger.put('a', bytesOf('x')), failsWith('storage_unavailable'))
    noBucket.close()
    stranger.close()
  })

  test('a full disk is storage_full and leaves nothing', { skip: !existsSync('/dev/full') }, async () => {
    const { publishFile } = await import('../../../src/storage/objects/folder-files.ts')
    const target = join(folder, 'full', 'object')
    const full = publishFile(join(folder, 'full-temporary'), target, () => writeFile('/dev/full', 'x'))
    await assert.rejects(full, failsWith('storage_full'))
    assert.equal(existsSync(target), false)
  })
})

async function putPart(url: string, body: Buffer): Promise<string> {
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(body) })
  assert.equal(response.status, 200, await response.text())
  const etag = response.headers.get('etag')
  assert.ok(etag)
  return etag
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
