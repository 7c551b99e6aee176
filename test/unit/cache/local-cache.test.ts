import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { type CacheEntry, createLocalCache } from '../../../src/cache/local-cache.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { memoryObjects } from '../../helpers/memory-objects.ts'

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

test('files are fetched once, verified, and linked for every user', async () => {
  const cache = open()
  const entry = anEntry('datasets/a/v1', { 'a.bin': 'alpha', 'deep/b.bin': 'beta' })
  let fetched = 0
  objects.intercept = () => {
    fetched += 1
  }
  const [one, two] = await Promise.all([cache.acquire(entry), cache.acquire(entry)])
  assert.equal(fetched, 2)
  assert.notEqual(one.folder, two.folder)
  assert.equal(readFileSync(join(two.folder, 'deep/b.bin'), 'utf8'), 'beta')
  await one.release()
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

test('a failed download is that caller’s; the other tries again', async () => {
  const cache = open()
  const entry = anEntry('a', { x: 'text' })
  let failures = 1
  objects.intercept = () => {
    if (failures-- > 0) throw new AppError('storage_unavailable')
  }
  // Which of the two starts the download is the file system's choice; that one fails and the other succeeds is ours.
  const both = await Promise.allSettled([cache.acquire(entry), cache.acquire(entry)])
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  for (const each of both) if (each.status === 'fulfilled') await each.value.release()
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
