import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import type { CacheEntry, LocalCache } from '../../../src/cache/local-cache.ts'
import { createModelFolders } from '../../../src/cache/model-folders.ts'
import type { Model } from '../../../src/domain/model.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'
import { createWorld } from './world.ts'

const aModel = (id: string, files: readonly string[] = ['embed.onnx']): Model =>
  ({ id, prefix: `models/${id}`, files: files.map((name) => ({ name, bytes: 1, sha256: '' })) }) as unknown as Model // what is read of it

const cacheOf = (acquire: LocalCache['acquire']): LocalCache => ({ acquire, removeStale: async () => {} })

/** Folders by prefix, with how often each was acquired and released. */
function setUp(mostModels: number) {
  const entries: CacheEntry[] = []
  const held = new Map<string, number>()
  const cache = cacheOf(async (entry) => {
    entries.push(entry)
    held.set(entry.prefix, (held.get(entry.prefix) ?? 0) + 1)
    return {
      folder: entry.prefix,
      release: async () => {
        await settle()
        held.set(entry.prefix, held.get(entry.prefix)! - 1)
      }
    }
  })
  const folders = createModelFolders({ cache, mostModels, logger: silentLogger })
  const use = (id: string, work = async () => {}) => folders.use(aModel(id), work)
  return { folders, entries, held, use }
}

test('only what is served is fetched', async () => {
  const { folders, entries } = setUp(1)
  const weights = ['backbone.safetensors', 'head.safetensors', 'huggingface/config.json']
  const names = ['embed.onnx', ...weights, 'mixture.safetensors', 'config.json']
  await folders.use(aModel('a', names), async () => {})
  assert.deepEqual(
    entries[0]?.files.map(({ name }) => name),
    ['embed.onnx', 'mixture.safetensors', 'config.json']
  )
})

test('a device has programs and weights in one folder, which is not that of the programs alone', async () => {
  const { folders, entries } = setUp(2)
  const names = ['embed.onnx', 'backbone.safetensors', 'huggingface/model.safetensors', 'config.json']
  await folders.use({ ...aModel('a', names), isWhole: true }, async () => {})
  await folders.use({ ...aModel('a', names), isWhole: false }, async () => {})
  assert.deepEqual(
    entries.map(({ files }) => files.map(({ name }) => name)),
    [
      ['embed.onnx', 'backbone.safetensors', 'config.json'],
      ['embed.onnx', 'config.json']
    ]
  )
})

test('weights are a folder of their own, without the programs, and the other one stays', async () => {
  const { folders, entries, held } = setUp(2)
  const names = ['embed.onnx', 'backbone.safetensors', 'huggingface/model.safetensors', 'config.json']
  await folders.use(aModel('a', names), async () => {})
  await folders.use({ ...aModel('a', names), isOfWeights: true }, async () => {})
  assert.deepEqual(
    entries.map(({ files }) => files.map(({ name }) => name)),
    [
      ['embed.onnx', 'config.json'],
      ['backbone.safetensors', 'config.json']
    ]
  )
  assert.equal(held.get('models/a'), 2)
})

test('every folder that was acquired is released once, however many requests end at the same time', async () => {
  for (const requests of [2, 3, 16]) {
    const { folders, held, use } = setUp(2)
    await use('a')
    await use('b')
    const stop = Promise.withResolvers<void>()
    const long = ['c', 'd', 'e', 'f'].map((id) => use(id, () => stop.promise))
    // All end at once while there are far too many folders: each has one to release, and looks for more after it.
    await Promise.all(Array.from({ length: requests }, (_, i) => use(`short ${i % 2}`, () => settle())))
    stop.resolve()
    await Promise.all(long)
    await folders.dispose()
    assert.deepEqual(
      [...held].filter(([, count]) => count !== 0),
      []
    )
  }
})

test(`many requests at once, in every order of events, hold no folder twice or released (KAPPA_TEST_SEED=${TEST_SEED})`, async () => {
  for (let round = 0; round < 30; round++) {
    const world = createWorld(seeded(round))
    const mostModels = 1 + (round % 4)
    const cache = cacheOf(async ({ prefix }) => {
      const folder = await world.open(prefix)
      return { folder, release: () => world.close(folder).catch(world.onCloseError) }
    })
    const folders = createModelFolders({ cache, mostModels, logger: silentLogger })
    await world.live({
      acquire: (id, signal) => folders.acquire(aModel(id), signal),
      nameOf: ({ value }) => value.folder
    })
    assert.ok(world.openCount() <= mostModels, `${world.openCount()} of ${mostModels} folders are held`)
    const disposed = folders.dispose()
    await world.drain()
    await disposed
    world.assertAllClosed()
  }
})
