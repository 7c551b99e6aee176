/** What the folder store does to its files: what it keeps, what it removes, and what it leaves behind when things break. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, type TestContext, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { publishFile, publishInto, removeFolder } from '../../../src/storage/objects/folder-files.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { CAN_LIST_OPEN_FILES, listOpenFiles } from '../../helpers/open-files.ts'

const base = await mkdtemp(join(tmpdir(), 'kappa-folder-'))
after(() => rm(base, { recursive: true, force: true }))

const DAY_MS = 86_400_000
const failsWith = (code: Parameters<typeof isAppError>[1]) => (error: unknown) => isAppError(error, code)

async function aStore(_: TestContext) {
  const root = await mkdtemp(join(base, 'store-'))
  const clock = fakeClock(Date.now())
  const store = createFolderStore({ root, signingKey: 'key', baseUrl: '', clock })
  const send = async (key: string, id: string, content: string): Promise<string> => {
    const [part] = await store.partUrls(key, id, [content.length], 60)
    const token = part?.url.split('/').at(-1) ?? ''
    return (await store.writePart(token, Readable.from([Buffer.from(content)]), null)).etag
  }
  const list = (folder: string) => readdir(join(root, folder), { recursive: true }).catch(() => [])
  return { root, store, send, list, clock }
}

const age = async (path: string, days: number): Promise<void> => {
  const seconds = (Date.now() - days * DAY_MS) / 1000
  await utimes(path, seconds, seconds)
}

describe('starting an upload', () => {
  test('leaves every other upload as it is', async (t) => {
    const { store, send } = await aStore(t)
    const ids = await Promise.all(['a', 'b', 'c'].map((key) => store.startUpload(key)))
    const etags = await Promise.all(ids.map((id, i) => send('abc'[i] ?? '', id, `part of ${'abc'[i]}`)))
    await store.startUpload('d')
    for (const [i, id] of ids.entries()) {
      const key = 'abc'[i] ?? ''
      await store.finishUpload(key, id, [{ part: 1, etag: etags[i] ?? '' }])
      assert.equal(Buffer.from(await store.get(key)).toString(), `part of ${key}`)
    }
  })

  test('removes what nobody touched for a week, and nothing younger', async (t) => {
    const { root, store, list, clock } = await aStore(t)
    const [old, young] = [await store.startUpload('old'), await store.startUpload('young')]
    await age(join(root, 'uploads', old), 7.1)
    await age(join(root, 'uploads', young), 6.9)
    const temporary = join(root, 'temporary')
    await mkdir(temporary, { recursive: true })
    for (const [name, days] of [
      ['left', 7.1],
      ['being-written', 6.9]
    ] as const) {
      await writeFile(join(temporary, name), 'x')
      await age(join(temporary, name), days)
    }
    // Once an hour, however many are started: looking through all of them takes longer with each that is open.
    const early = await store.startUpload('within the hour')
    assert.ok((await readdir(join(root, 'uploads'))).includes(old))
    await clock.advance(3_600_000)
    const started = await store.startUpload('new')
    assert.deepEqual((await readdir(join(root, 'uploads'))).sort(), [young, early, started].sort())
    assert.deepEqual(await list('temporary'), ['being-written'])
  })
})

describe('an upload of the folder store', () => {
  test('belongs to its key', async (t) => {
    const { store, send } = await aStore(t)
    const id = await store.startUpload('mine')
    const etag = await send('mine', id, 'x')
    await assert.rejects(send('other', id, 'x'), failsWith('upload_not_found'))
    await assert.rejects(store.finishUpload('other', id, [{ part: 1, etag }]), failsWith('upload_not_found'))
    assert.equal(await store.head('other'), null)
  })

  for (const id of [
    '',
    '..',
    '../objects',
    'a'.repeat(31),
    'A'.repeat(32),
    'a'.repeat(33),
    `${'a'.repeat(32)}\n`,
    '\0'
  ]) {
    test(`has no id like ${JSON.stringify(id)}`, async (t) => {
      const { store, list } = await aStore(t)
      await store.put('kept', Buffer.from('x'))
      await assert.rejects(store.finishUpload('kept', id, []), failsWith('upload_not_found'))
      await assert.rejects(store.abortUpload('kept', id), failsWith('upload_not_found'))
      assert.deepEqual(await list('objects'), ['kept'])
    })
  }

  test('leaves nothing when it is finished or aborted', async (t) => {
    const { store, send, list } = await aStore(t)
    const finished = await store.startUpload('a')
    const etag = await send('a', finished, 'x')
    await store.finishUpload('a', finished, [{ part: 1, etag }])
    const aborted = await store.startUpload('b')
    await send('b', aborted, 'x')
    await store.abortUpload('b', aborted)
    assert.deepEqual([await list('uploads'), await list('temporary')], [[], []])
    assert.deepEqual(await list('objects'), ['a'])
  })

  test('finished again while it is being finished is done by one of both, and no longer there for the other', async (t) => {
    const { store, send, list } = await aStore(t)
    const key = 'joined'
    const id = await store.startUpload(key)
    const parts = [{ part: 1, etag: await send(key, id, 'x'.repeat(4_000_000)) }]
    // The later they begin, the more of it is gone already.
    const finished = await Promise.allSettled(
      Array.from({ length: 60 }, async (_, turns) => {
        for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
        await store.finishUpload(key, id, parts)
      })
    )
    const refused = finished.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    assert.ok(refused.length < finished.length)
    for (const reason of refused) assert.ok(isAppError(reason, 'upload_not_found'), String(reason))
    assert.deepEqual(await store.head(key), { key, bytes: 4_000_000 })
    assert.deepEqual([await list('uploads'), await list('temporary')], [[], []])
  })

  test('may have no bytes', async (t) => {
    const { store, send } = await aStore(t)
    const id = await store.startUpload('a')
    await store.finishUpload('a', id, [{ part: 1, etag: await send('a', id, '') }])
    assert.deepEqual(await store.head('a'), { key: 'a', bytes: 0 })
  })

  test('that cannot be joined stays as it was, and nothing of it is seen', async (t) => {
    const { root, store, send, list } = await aStore(t)
    const id = await store.startUpload('a')
    const etag = await send('a', id, 'xyz')
    // Nobody may make a folder where the object goes, and a folder is where its name is taken.
    await mkdir(join(root, 'objects/a/b'), { recursive: true })
    await assert.rejects(store.finishUpload('a', id, [{ part: 1, etag }]))
    assert.deepEqual(await list('temporary'), [])
    await rm(join(root, 'objects/a'), { recursive: true })
    await store.finishUpload('a', id, [{ part: 1, etag }])
    assert.equal(Buffer.from(await store.get('a')).toString(), 'xyz')
  })

  test('whose part on disk is damaged is incomplete', async (t) => {
    const { root, store, send } = await aStore(t)
    for (const damage of ['', 'short', 'as long as a part and its ETag, and of other bytes altogether']) {
      const id = await store.startUpload('a')
      const etag = await send('a', id, 'xyz')
      await writeFile(join(root, 'uploads', id, 'part-1'), damage)
      await assert.rejects(store.finishUpload('a', id, [{ part: 1, etag }]), failsWith('upload_incomplete'))
      assert.equal(await store.head('a'), null)
    }
  })
})

describe('files on their way into the tree', () => {
  test('make their folder, or find it gone, as they were told', async () => {
    const temporary = join(base, 'ways')
    const fill = (path: string) => writeFile(path, 'x')
    await publishFile(temporary, join(base, 'made/by/it'), fill)
    assert.deepEqual(await readdir(join(base, 'made/by')), ['it'])
    assert.equal(await publishInto(temporary, join(base, 'made/by/another'), fill), true)
    assert.equal(await publishInto(temporary, join(base, 'gone/it'), fill), false)
    await assert.rejects(readdir(join(base, 'gone')), /ENOENT/)
    assert.deepEqual(await readdir(temporary), [])
  })

  test('fail as what it is where their name is taken by a folder, and are gone', async () => {
    const [temporary, taken] = [join(base, 'refused-temporary'), join(base, 'taken')]
    await mkdir(taken)
    for (const publish of [publishFile, publishInto]) {
      await assert.rejects(
        publish(temporary, taken, (path) => writeFile(path, 'x')),
        /EISDIR/
      )
    }
    assert.deepEqual(await readdir(temporary), [])
  })

  test('are removed with their folder once, and a second time too', async () => {
    const [temporary, folder] = [join(base, 'removing'), join(base, 'removed')]
    await mkdir(folder)
    await writeFile(join(folder, 'file'), 'x')
    await removeFolder(temporary, folder)
    await removeFolder(temporary, folder)
    await assert.rejects(readdir(folder), /ENOENT/)
    assert.deepEqual(await readdir(temporary), [])
    await writeFile(join(base, 'a-file'), 'x')
    await assert.rejects(removeFolder(temporary, join(base, 'a-file/below')), /ENOTDIR/)
  })

  for (const when of ['before', 'as soon as', 'after half of it was there when'] as const) {
    test(`whose body broke ${when} it was put end as its error, and nothing is left`, async (t) => {
      const { store, list } = await aStore(t)
      const body = new Readable({ read() {} })
      if (when.startsWith('after')) body.push(Buffer.alloc(1000))
      const broken = new Error('the sender is gone')
      if (when === 'before') {
        body.once('error', () => {})
        body.destroy(broken)
        await new Promise((resolve) => body.once('close', resolve))
      }
      const put = store.put('a', body)
      if (when === 'as soon as') body.destroy(broken)
      else if (when !== 'before') setImmediate(() => setImmediate(() => body.destroy(broken)))
      await assert.rejects(put, /the sender is gone/)
      assert.deepEqual([await list('objects'), await list('temporary')], [[], []])
    })
  }

  test('keep no file open when a part breaks off', { skip: !CAN_LIST_OPEN_FILES }, async (t) => {
    const { store, list } = await aStore(t)
    const id = await store.startUpload('a')
    const [part] = await store.partUrls('a', id, [1000], 60)
    const token = part?.url.split('/').at(-1) ?? ''
    const before = (await listOpenFiles()).files
    for (let i = 0; i < 100; i++) {
      const body = new Readable({ read() {} })
      body.push(Buffer.alloc(i * 9))
      const written = store.writePart(token, body, null)
      for (let turns = i % 10; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      body.destroy(new Error('gone'))
      await assert.rejects(written, failsWith('upload_incomplete'))
    }
    assert.deepEqual((await listOpenFiles()).files, before)
    assert.deepEqual(await list('temporary'), [])
  })
})
