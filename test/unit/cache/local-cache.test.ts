import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { type CacheEntry, createLocalCache } from '../../../src/cache/local-cache.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'
import { memoryObjects } from '../../helpers/memory-objects.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'

let root: string
let objects: ReturnType<typeof memoryObjects>
const clock = fakeClock()

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kappa-cache-'))
  objects = memoryObjects()
})

afterEach(() => rmSync(root, { recursive: true }))

const open = (maxBytes = 1000) => createLocalCache({ root, maxBytes, objects, clock, logger: silentLogger })

function anEntry(prefix: string, contents: Record<string, string>): CacheEntry {
  const files = Object.entries(contents).map(([name, text]) => {
    objects.content.set(`${prefix}/${name}`, Buffer.from(text))
    return { name, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') }
  })
  return { prefix, files }
}

const below = (folder: string): string[] => {
  try {
    return readdirSync(join(root, folder))
  } catch {
    return []
  }
}

test('files are fetched once, verified, and stay until the last user has released them', async () => {
  const cache = open()
  const entry = anEntry('datasets/a/v1', { 'a.bin': 'alpha', 'deep/b.bin': 'beta' })
  let fetched = 0
  objects.intercept = () => {
    fetched += 1
  }
  const [one, two] = await Promise.all([cache.acquire(entry), cache.acquire(entry)])
  assert.equal(fetched, 2)
  assert.equal(readFileSync(join(two.folder, 'deep/b.bin'), 'utf8'), 'beta')
  await Promise.all([one.release(), one.release()])
  assert.equal(readFileSync(join(two.folder, 'a.bin'), 'utf8'), 'alpha')
  await two.release()
  assert.deepEqual(below('in-use'), [])
})

test('equal content under another prefix is not fetched again', async () => {
  const cache = open()
  await (await cache.acquire(anEntry('a', { x: 'same' }))).release()
  objects.intercept = () => assert.fail('nothing needs to be fetched')
  await (await cache.acquire(anEntry('b', { x: 'same' }))).release()
})

test('a file with another hash or length is refused and nothing stays', async () => {
  const cache = open()
  for (const text of ['forged', 'short']) {
    const entry = anEntry('a', { x: 'origin' })
    objects.content.set('a/x', Buffer.from(text))
    await assert.rejects(cache.acquire(entry), { code: 'object_damaged' })
  }
  assert.deepEqual([...below('kept'), ...below('downloads'), ...below('in-use')], [])
})

test('a failed download is heard by everybody who waits for it, once; the next one tries again', async () => {
  const cache = open()
  const entry = anEntry('a', { x: 'text' })
  let attempts = 0
  objects.intercept = () => {
    attempts++
    if (attempts === 1) throw new AppError('storage_unavailable')
  }
  for (const one of [cache.acquire(entry), cache.acquire(entry), cache.acquire(entry)]) {
    await assert.rejects(one, { code: 'storage_unavailable' })
  }
  assert.equal(attempts, 1)
  await (await cache.acquire(entry)).release()
  assert.deepEqual([...below('in-use'), ...below('downloads')], [])
})

test('one whose job ends does not end the download of the others, and the last one does', async () => {
  const cache = open()
  const entry = anEntry('a', { x: 'one', y: 'two', z: 'three', u: 'four', v: 'five' })
  const [one, two] = [new AbortController(), new AbortController()]
  const gate = Promise.withResolvers<void>()
  const fetched: string[] = []
  objects.intercept = (_, key) => {
    fetched.push(key)
    return gate.promise
  }
  const first = cache.acquire(entry, one.signal)
  const second = cache.acquire(entry, two.signal)
  while (fetched.length < 4) await settle()
  one.abort(new Error('first job ended'))
  await assert.rejects(first, /first job ended/)
  two.abort(new Error('second job ended'))
  await settle()
  gate.resolve()
  await assert.rejects(second, /second job ended/)
  assert.equal(fetched.length, 4, 'the fifth file is not fetched any more')
  assert.deepEqual([...below('kept'), ...below('in-use'), ...below('downloads')], [])
})

test('a prefix that is gone does not fail the one with equal content', async () => {
  const cache = open()
  const [gone, there] = [anEntry('gone', { x: 'same' }), anEntry('there', { x: 'same' })]
  objects.content.delete('gone/x')
  const [first, second] = await Promise.allSettled([cache.acquire(gone), cache.acquire(there)])
  assert.equal(second.status, 'fulfilled')
  if (first.status === 'rejected') assert.equal(first.reason.code, 'object_not_found')
  for (const one of [first, second]) if (one.status === 'fulfilled') await one.value.release()
})

const bytesKept = (): number =>
  below('kept').reduce((sum, name) => sum + statSync(join(root, 'kept', name, 'x')).size, 0)

test('downloads at the same time leave room for each other', async () => {
  const cache = open(100)
  const fetch = async (name: string) => await (await cache.acquire(anEntry(name, { x: name.repeat(40) }))).release()
  await fetch('a')
  await fetch('b')
  await Promise.all([fetch('c'), fetch('d')])
  assert.ok(bytesKept() <= 100, `${bytesKept()} of 100 bytes are kept`)
})

test(`many users of several processes at once read what they asked for, and leave nothing (KAPPA_TEST_SEED=${TEST_SEED})`, async () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const entries = names.map((name) => anEntry(name, { x: name.repeat(40), 'deep/y': name }))
  for (let round = 0; round < 8; round++) {
    const random = seeded(round)
    // Room for two of five: nearly every use evicts.
    const caches = [open(82), open(82)]
    const fetching = new Set<string>()
    objects.intercept = async (_, key) => {
      const turns = random.integer(4)
      const isDown = random.uniform() < 0.05
      fetching.add(key)
      await settle(turns)
      if (isDown) throw new AppError('storage_unavailable')
    }
    const user = async (): Promise<void> => {
      await settle(random.integer(12))
      const which = random.integer(names.length)
      const leaver = random.uniform() < 0.2 ? new AbortController() : undefined
      const acquired = caches[random.integer(2)]!.acquire(entries[which]!, leaver?.signal)
      acquired.catch(() => {}) // awaited below
      if (leaver) {
        await settle(random.integer(6))
        leaver.abort(new AppError('lease_lost'))
      }
      const held = await acquired
      await settle(random.integer(8))
      assert.equal(readFileSync(join(held.folder, 'x'), 'utf8'), names[which]!.repeat(40))
      assert.equal(readFileSync(join(held.folder, 'deep/y'), 'utf8'), names[which])
      await Promise.all(random.uniform() < 0.5 ? [held.release(), held.release()] : [held.release()])
    }
    const expected = new Set(['storage_unavailable', 'lease_lost'])
    const settled = await Promise.allSettled(Array.from({ length: 40 }, user))
    const unexpected = settled.filter((one) => one.status === 'rejected' && !expected.has(one.reason.code))
    assert.deepEqual(unexpected, [])
    assert.ok(fetching.size > 0)
    assert.deepEqual([...below('in-use'), ...below('downloads')], [])
    assert.ok(below('kept').length <= 2, `${below('kept').length} entries are kept`)
  }
})

test('what was used longest ago leaves first, and never what is in use', async () => {
  const cache = open(10)
  const entry = (name: string) => anEntry(name, { x: `${name}${'.'.repeat(3)}` })
  const held = await cache.acquire(entry('a'))
  await clock.advance(1000)
  await (await cache.acquire(entry('b'))).release()
  await clock.advance(1000)
  await (await cache.acquire(entry('c'))).release()
  assert.equal(below('kept').length, 2, 'b had to go: a is in use')
  objects.intercept = (_, key) => assert.notEqual(key, 'a/x')
  await (await cache.acquire(entry('a'))).release()
  await held.release()
})

test('a second process finds what the first has put there', async () => {
  const entry = anEntry('a', { x: 'text' })
  const [one, two] = await Promise.all([open().acquire(entry), open().acquire(entry)])
  assert.equal(below('kept').length, 1)
  assert.deepEqual(below('downloads'), [])
  await Promise.all([one.release(), two.release()])
})

test('what a killed process left is removed, what lives is not', async () => {
  const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')
  for (const name of [`${host}.999999999.abc.folder.1`, `${host}.1.abc.folder.2`, 'otherhost.5.abc.folder.3']) {
    mkdirSync(join(root, 'in-use', name), { recursive: true })
  }
  await open().removeStale()
  assert.deepEqual(below('in-use').sort(), [`${host}.1.abc.folder.2`, 'otherhost.5.abc.folder.3'].sort())
})
