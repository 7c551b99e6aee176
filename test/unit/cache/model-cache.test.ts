import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createModelCache } from '../../../src/cache/model-cache.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'
import { createWorld } from './world.ts'

function setUp(maxBytes: number) {
  const log: string[] = []
  const cache = createModelCache({
    maxBytes,
    report: () => assert.fail('nothing fails to close'),
    open: async ({ folder }) => {
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

test('another size of a model is another entry, and counts among the bytes of all', async () => {
  const { cache, log } = setUp(20)
  const at = (imageSize: number, kind = 'patches') =>
    cache.use({ id: 'a', folder: `${kind} ${imageSize}`, view: { kind, imageSize } }, async () => {})
  await at(224)
  await at(448)
  await at(224)
  await at(224, 'attention')
  assert.deepEqual(log, ['open patches 224', 'open patches 448', 'open attention 224', 'close patches 448'])
})

/** Of 100 bytes, which projects share: each of these has 10. */
function shared() {
  const { cache, log } = setUp(100)
  const use = (projectId: string, id: string) => cache.use({ id, projectId, folder: id }, async () => {})
  const view = (projectId: string, imageSize: number) =>
    cache.use(
      { id: `m ${projectId}`, projectId, folder: `${projectId} ${imageSize}`, view: { kind: 'embed', imageSize } },
      noWork
    )
  return { log, use, view, closed: () => log.filter((line) => line.startsWith('close')) }
}
const noWork = async () => {}

test('a project that asks for many sizes closes its own, and nobody else waits for a model again', async () => {
  const { use, view, closed } = shared()
  await use('a', 'alias')
  await use('b', 'other')
  for (let size = 1; size <= 50; size++) await view('b', size)
  assert.equal(closed().length, 42)
  assert.ok(
    closed().every((line) => line.startsWith('close b ')),
    closed().join()
  )
  await use('b', 'other')
  await use('a', 'alias')
  assert.equal(closed().length, 42, 'the models of both are there')
})

test('projects that ask for many sizes have as much room each, whoever asks more', async () => {
  const { view, closed } = shared()
  for (let size = 1; size <= 10; size++) await view('a', size)
  for (let size = 1; size <= 40; size++) await view('b', size)
  const left = (project: string, asked: number) =>
    asked - closed().filter((line) => line.startsWith(`close ${project} `)).length
  assert.deepEqual([left('a', 10), left('b', 40)], [5, 5])
  assert.ok(closed().includes('close a 1') && !closed().includes('close a 10'), 'those used longest ago go')
})

test('where projects are more than there is room for models, the one used longest ago leaves', async () => {
  const { use, closed } = shared()
  for (let project = 1; project <= 12; project++) await use(`${project}`, `model ${project}`)
  assert.deepEqual(closed(), ['close model 1', 'close model 2'])
})

test('a model in use stays open even when it is the oldest', async () => {
  const { log, use } = setUp(10)
  let finish = () => {}
  const working = use('a', () => new Promise<void>((resolve) => (finish = resolve)))
  await use('b')
  assert.deepEqual(log, ['open a', 'open b', 'close b'])
  finish()
  await working
  await use('a')
  assert.deepEqual(log, ['open a', 'open b', 'close b'])
})

test('a model that could not be opened is tried again by the next request', async () => {
  const { log, use } = setUp(10)
  await assert.rejects(use('absent'), /not there yet/)
  await use('absent')
  assert.deepEqual(log, ['open absent', 'open absent'])
})

test('a model larger than the budget stays open, alone', async () => {
  const { log, use } = setUp(5)
  await use('a')
  await use('a')
  await use('b')
  assert.deepEqual(log, ['open a', 'open b', 'close a'])
})

test('a burst for a cold model that must close two idle ones is served, every request of it', async () => {
  for (const callers of [2, 3, 8, 64]) {
    const disposed = new Set<string>()
    const cache = createModelCache({
      maxBytes: 20,
      report: (error) => assert.fail(String(error)),
      open: async ({ folder }) => ({
        bytes: folder === 'cold' ? 20 : 10,
        dispose: async () => {
          // As ONNX Runtime says it of a session.
          if (disposed.has(folder)) throw new Error('Session already disposed')
          disposed.add(folder)
          await settle()
        }
      })
    })
    const use = (id: string) => cache.use({ id, folder: id }, async () => id)
    await use('a')
    await use('b')
    const answers = await Promise.all(Array.from({ length: callers }, () => use('cold')))
    assert.deepEqual(answers, Array(callers).fill('cold'))
    assert.deepEqual([...disposed], ['a', 'b'])
  }
})

test(`many callers at once, in every order of events, see no model twice or closed (KAPPA_TEST_SEED=${TEST_SEED})`, async () => {
  for (let round = 0; round < 30; round++) {
    const world = createWorld(seeded(round))
    const maxBytes = 3 + (round % 5)
    const cache = createModelCache({
      maxBytes,
      report: world.onCloseError,
      open: async ({ folder }) => {
        const name = await world.open(folder)
        return { name, bytes: world.costOf(name), dispose: () => world.close(name) }
      }
    })
    await world.live({
      acquire: (id, signal) => cache.acquire({ id, folder: id }, signal),
      nameOf: ({ value }) => value.name
    })
    assert.ok(world.openCost() <= maxBytes, `${world.openCost()} of ${maxBytes} bytes stay open`)
    const disposed = cache.dispose()
    await world.drain()
    await disposed
    world.assertAllClosed()
  }
})

test('disposing closes everything', async () => {
  const { cache, log, use } = setUp(100)
  await use('a')
  await use('b')
  await cache.dispose()
  assert.deepEqual(log, ['open a', 'open b', 'close a', 'close b'])
})
