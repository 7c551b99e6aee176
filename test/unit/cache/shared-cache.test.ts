import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedCache } from '../../../src/cache/shared-cache.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'
import { createWorld } from './world.ts'

interface Gate {
  readonly name: string
  open(): void
  fail(error: Error): void
}

/** Every opening and closing waits at a gate. */
function setUp(maxCost: number) {
  const gates: Gate[] = []
  const log: string[] = []
  const closeErrors: unknown[] = []
  const pass = (name: string) => {
    log.push(name)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    gates.push({ name, open: resolve, fail: reject })
    return promise
  }
  const cache = new SharedCache<string, { name: string }>({
    idOf: (key) => key,
    open: (key, signal) => {
      signal.addEventListener('abort', () => log.push(`given up ${key}`))
      return pass(`open ${key}`).then(() => ({ name: key }))
    },
    close: ({ name }) => pass(`close ${name}`),
    costOf: () => 1,
    maxCost,
    onCloseError: (error) => closeErrors.push(error)
  })
  const gate = (name: string): Gate => {
    const at = gates.findIndex((one) => one.name === name)
    assert.notEqual(at, -1, `nothing waits at "${name}"`)
    return gates.splice(at, 1)[0]!
  }
  /** Opens a key and leaves it idle. */
  const keep = async (key: string) => {
    const acquired = cache.acquire(key)
    await settle()
    gate(`open ${key}`).open()
    await (await acquired).release()
  }
  return { cache, log, gate, keep, closeErrors }
}

test('a key is opened once for all that ask for it at the same time', async () => {
  const { cache, log, gate } = setUp(1)
  const all = Promise.all(Array.from({ length: 5 }, () => cache.acquire('a')))
  await settle()
  gate('open a').open()
  const values = (await all).map(({ value }) => value)
  assert.equal(new Set(values).size, 1)
  assert.deepEqual(log, ['open a'])
})

test('a lease that is released twice counts once', async () => {
  const { cache, log, gate } = setUp(0)
  const acquired = Promise.all([cache.acquire('a'), cache.acquire('a')])
  await settle()
  gate('open a').open()
  const [one, two] = await acquired
  await Promise.all([one.release(), one.release()])
  assert.deepEqual(log, ['open a'], 'the other still uses it')
  const released = two.release()
  await settle()
  gate('close a').open()
  await released
})

test('a failure is heard by every waiter and not kept', async () => {
  const { cache, gate, keep } = setUp(1)
  const all = [cache.acquire('a'), cache.acquire('a'), cache.acquire('a')]
  await settle()
  gate('open a').fail(new Error('no file'))
  for (const one of all) await assert.rejects(one, /no file/)
  await keep('a')
})

test('who tries again as soon as he hears of a failure starts anew, and the others who hear of it disturb nothing', async () => {
  const { cache, log, gate } = setUp(0)
  const eager = cache.acquire('a').catch(() => cache.acquire('a'))
  const others = Array.from({ length: 3 }, () => assert.rejects(cache.acquire('a'), /no file/))
  await settle()
  gate('open a').fail(new Error('no file'))
  await Promise.all(others)
  await settle()
  gate('open a').open()
  const released = (await eager).release()
  await settle()
  gate('close a').open()
  await released
  assert.deepEqual(log, ['open a', 'open a', 'close a'])
})

test('what is closing is not handed out: the key is opened again when it is closed', async () => {
  const { cache, log, gate, keep } = setUp(1)
  await keep('a')
  const b = cache.acquire('b')
  await settle()
  gate('open b').open()
  await settle()
  const a = cache.acquire('a')
  await settle()
  assert.deepEqual(log, ['open a', 'open b', 'close a'])
  gate('close a').open()
  await settle()
  gate('open a').open()
  await Promise.all([a, b])
  assert.deepEqual(log, ['open a', 'open b', 'close a', 'open a'])
})

test('room is made once for a burst, and nobody in it goes on before there is', async () => {
  const { cache, log, gate, keep } = setUp(2)
  await keep('a')
  await keep('b')
  const reached: number[] = []
  const burst = Array.from({ length: 4 }, (_, i) => cache.acquire('c').then(() => reached.push(i)))
  await settle()
  gate('open c').open()
  await settle()
  assert.deepEqual(log, ['open a', 'open b', 'open c', 'close a'])
  assert.deepEqual(reached, [])
  gate('close a').open()
  await Promise.all(burst)
})

test('what fails to close is reported, costs nobody anything, and is counted no more', async () => {
  const { cache, log, gate, keep, closeErrors } = setUp(1)
  await keep('a')
  const b = cache.acquire('b')
  await settle()
  gate('open b').open()
  await settle()
  gate('close a').fail(new Error('Session already disposed'))
  await (await b).release()
  assert.match(String(closeErrors), /already disposed/)
  await keep('b').catch(() => {}) // it is open: nothing waits at its gate
  assert.deepEqual(log, ['open a', 'open b', 'close a'])
})

test('one that gives up does not disturb the others; the last one ends the opening', async () => {
  const { cache, log, gate } = setUp(1)
  const [one, two] = [new AbortController(), new AbortController()]
  const first = cache.acquire('a', one.signal)
  const second = cache.acquire('a', two.signal)
  await settle()
  one.abort(new Error('first left'))
  await assert.rejects(first, /first left/)
  assert.deepEqual(log, ['open a'])
  two.abort(new Error('second left'))
  await settle()
  assert.deepEqual(log, ['open a', 'given up a'])
  gate('open a').fail(new Error('stopped'))
  await assert.rejects(second, /second left/)
})

test('what opens although it was given up is closed, and only then opened for the next', async () => {
  const { cache, log, gate } = setUp(5)
  const leaver = new AbortController()
  const first = assert.rejects(cache.acquire('a', leaver.signal), /left/)
  await settle()
  leaver.abort(new Error('left'))
  await settle()
  const next = cache.acquire('a')
  await settle()
  gate('open a').open()
  await settle()
  assert.deepEqual(log, ['open a', 'given up a', 'close a'])
  gate('close a').open()
  await first
  await settle()
  gate('open a').open()
  assert.equal((await next).value.name, 'a')
})

test('disposing waits for what is in use, and nothing is opened after it', async () => {
  const { cache, log, gate, keep } = setUp(5)
  await keep('a')
  const acquired = cache.acquire('b')
  await settle()
  gate('open b').open()
  const lease = await acquired
  let isDisposed = false
  const disposed = cache.dispose().then(() => {
    isDisposed = true
  })
  await assert.rejects(cache.acquire('c'), /disposed/)
  gate('close a').open()
  await settle()
  assert.equal(isDisposed, false)
  void lease.release()
  await settle()
  gate('close b').open()
  await disposed
  assert.deepEqual(log, ['open a', 'open b', 'close a', 'close b'])
})

test(`in every order of events nothing is opened twice, used after it is closed, or lost (KAPPA_TEST_SEED=${TEST_SEED})`, async () => {
  for (let round = 0; round < 60; round++) {
    const random = seeded(round)
    const maxCost = random.integer(5)
    const world = createWorld(random)
    const cache = new SharedCache<string, string>({
      idOf: (key) => key,
      open: world.open,
      close: world.close,
      costOf: world.costOf,
      maxCost,
      onCloseError: world.onCloseError
    })
    await world.live({ acquire: (key, signal) => cache.acquire(key, signal), nameOf: ({ value }) => value })
    assert.ok(world.openCost() <= maxCost, `${world.openCost()} of ${maxCost} is kept when nothing is in use`)
    const disposed = cache.dispose()
    await world.drain()
    await disposed
    world.assertAllClosed()
  }
})
