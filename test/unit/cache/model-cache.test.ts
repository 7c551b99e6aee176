import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createModelCache } from '../../../src/cache/model-cache.ts'

function setUp(maxBytes: number) {
  const log: string[] = []
  const cache = createModelCache({
    maxBytes,
    open: async (folder) => {
      log.push(`open ${folder}`)
      if (folder === 'absent' && log.length === 1) throw new Error('not there yet')
      return {
        bytes: 10,
        folder,
        dispose: async () => {
          log.push(`close ${folder}`)
        }
      }
    }
  })
  const use = (id: string, work: () => Promise<void> = async () => {}) => cache.use({ id, folder: id }, work)
  return { cache, log, use }
}

test('a model is opened once and kept', async () => {
  const { log, use } = setUp(100)
  await Promise.all([use('a'), use('a')])
  await use('a')
  assert.deepEqual(log, ['open a'])
})

test('over its budget the cache closes the model used longest ago', async () => {
  const { log, use } = setUp(20)
  await use('a')
  await use('b')
  await use('a')
  await use('c')
  assert.deepEqual(log, ['open a', 'open b', 'open c', 'close b'])
})

test('a model in use stays open even when it is the oldest', async () => {
  const { log, use } = setUp(10)
  let finish = () => {}
  const working = use('a', () => new Promise<void>((resolve) => (finish = resolve)))
  await use('b')
  assert.deepEqual(log, ['open a', 'open b'])
  finish()
  await working
  await use('b')
  assert.deepEqual(log, ['open a', 'open b', 'close a'])
})

test('a model that could not be opened is tried again by the next request', async () => {
  const { log, use } = setUp(10)
  await assert.rejects(use('absent'), /not there yet/)
  await use('absent')
  assert.deepEqual(log, ['open absent', 'open absent'])
})

test('disposing closes everything', async () => {
  const { cache, log, use } = setUp(100)
  await use('a')
  await use('b')
  await cache.dispose()
  assert.deepEqual(log, ['open a', 'open b', 'close a', 'close b'])
})
