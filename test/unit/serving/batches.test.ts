import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { Batcher } from '../../../src/serving/batches.ts'
import { manualClock, settle } from './manual-clock.ts'

function setUp(compute?: (lane: string, items: readonly number[]) => Promise<readonly number[]>, sessions = 1) {
  const clock = manualClock()
  const batches: { lane: string; items: readonly number[]; at: number; isLone: boolean }[] = []
  const batcher = new Batcher<number, number>({
    maxQueueDelayMs: 5,
    sessions,
    clock,
    compute: async (lane, items, isLone) => {
      batches.push({ lane, items, at: clock.now(), isLone })
      return compute ? compute(lane, items) : items.map((item) => item * 10)
    }
  })
  let requests = 0
  const submit = (items: number[], lane = 'a', { key = 'key', signal = new AbortController().signal } = {}) =>
    batcher.submit({ lane, maxBatch: 4, asker: { key, request: ++requests }, items, signal })
  return { clock, batches, submit }
}

test('images of several requests are computed together and each request gets its own results', async () => {
  const { clock, batches, submit } = setUp()
  const first = submit([1])
  await clock.advance(2)
  const second = submit([2, 3])
  await clock.advance(3)
  assert.deepEqual(
    batches.map(({ items }) => items),
    [[1, 2, 3]]
  )
  assert.deepEqual((await first).results, [10])
  assert.deepEqual((await second).results, [20, 30])
  assert.equal((await first).queueMs, 5)
  assert.equal((await second).queueMs, 3)
})

test('a full batch does not wait for the delay', async () => {
  const { batches, submit } = setUp()
  const request = submit([1, 2, 3, 4])
  assert.deepEqual((await request).results, [10, 20, 30, 40])
  assert.equal(batches[0]?.at, 0)
})

test('a request that completes a waiting batch starts it at once', async () => {
  const { clock, batches, submit } = setUp()
  void submit([1, 2, 3])
  await clock.advance(1)
  await submit([4])
  assert.deepEqual(
    batches.map(({ items, at }) => [[...items].sort(), at]),
    [[[1, 2, 3, 4], 1]]
  )
})

test('a request larger than a batch is spread over several and answered once, in order', async () => {
  const { clock, batches, submit } = setUp()
  const request = submit([1, 2, 3, 4, 5, 6])
  await settle()
  await clock.advance(5)
  assert.deepEqual((await request).results, [10, 20, 30, 40, 50, 60])
  assert.deepEqual(
    batches.map(({ items }) => items.length),
    [4, 2]
  )
})

test('different programs are never mixed, and a busy one does not starve the other', async () => {
  const { clock, batches, submit } = setUp()
  const other = submit([9], 'b')
  await clock.advance(5)
  const busy = Promise.all([submit([1, 2, 3, 4]), submit([5, 6, 7, 8])])
  await other
  await busy
  assert.deepEqual(
    batches.map(({ lane }) => lane),
    ['b', 'a', 'a']
  )
})

test('a request that has ended is not computed, and its images fill no batch', async () => {
  const { clock, batches, submit } = setUp()
  const late = new AbortController()
  const ended = assert.rejects(submit([1, 2, 3], 'a', { signal: late.signal }), (error) =>
    isAppError(error, 'request_timeout')
  )
  await clock.advance(3)
  late.abort(new AppError('request_timeout'))
  await ended
  const timely = submit([4])
  await clock.advance(5)
  await clock.advance(5)
  assert.deepEqual((await timely).results, [40])
  assert.deepEqual(
    batches.map(({ items }) => items),
    [[4]]
  )
})

test('a request that ends while a batch of it computes is answered after it: until then its model is in use', async () => {
  const running = Promise.withResolvers<void>()
  const { clock, batches, submit } = setUp(async (_, items) => {
    await running.promise
    return items
  })
  const leaving = new AbortController()
  let isAnswered = false
  const left = submit([1, 2, 3, 4, 5, 6], 'a', { signal: leaving.signal }).catch((error: unknown) => error)
  void left.then(() => {
    isAnswered = true
  })
  const whole = submit([7, 8])
  await clock.advance(5)
  leaving.abort(new AppError('client_gone'))
  await settle()
  assert.equal(isAnswered, false)
  running.resolve()
  await clock.advance(5)
  await clock.advance(5)
  assert.ok(isAppError(await left, 'client_gone'))
  assert.deepEqual((await whole).results, [7, 8])
  assert.deepEqual(
    batches.map(({ items }) => items),
    [
      [1, 2, 3, 4],
      [7, 8]
    ]
  )
})

test('a request whose last images are being computed gets its results, even when it is late by then', async () => {
  const running = Promise.withResolvers<void>()
  const { submit } = setUp(async (_, items) => {
    await running.promise
    return items
  })
  const late = new AbortController()
  const request = submit([1, 2, 3, 4], 'a', { signal: late.signal })
  await settle()
  late.abort(new AppError('request_timeout'))
  running.resolve()
  assert.deepEqual((await request).results, [1, 2, 3, 4])
})

test('a key with very many images waiting delays another key by one batch', async () => {
  const { batches, submit } = setUp()
  const many = Array.from({ length: 40 }, (_, i) => i)
  const greedy = [submit(many, 'a', { key: 'greedy' }), submit(many, 'a', { key: 'greedy' })]
  await submit([100, 101, 102, 103], 'a', { key: 'modest' })
  // One that had begun; then the two keys have half of each.
  assert.equal(batches.length, 3, 'batches until the modest one was answered')
  await Promise.all(greedy)
})

test('a failing batch fails the requests in it and no other', async () => {
  const { clock, submit } = setUp(async (lane, items) => {
    if (lane === 'broken') throw new AppError('model_not_ready')
    return items
  })
  const broken = assert.rejects(submit([1], 'broken'), (error) => isAppError(error, 'model_not_ready'))
  const whole = submit([2])
  await clock.advance(5)
  await clock.advance(5)
  await broken
  assert.deepEqual((await whole).results, [2])
})

test('what waits is shared out over the sessions that are free, and each answers by itself', async () => {
  const first = Promise.withResolvers<void>()
  const compute = async (_: string, items: readonly number[]) => {
    if (items.includes(1)) await first.promise
    return items.map((item) => item * 10)
  }
  const { clock, batches, submit } = setUp(compute, 2)
  const slow = submit([1])
  await clock.advance(5)
  const quick = submit([2])
  await clock.advance(5)
  assert.deepEqual((await quick).results, [20], 'the other session is free')
  const next = submit([3, 4, 5, 6, 7])
  await clock.advance(5)
  first.resolve()
  await clock.advance(5)
  assert.deepEqual((await next).results, [30, 40, 50, 60, 70])
  assert.deepEqual((await slow).results, [10])
  const whole = submit([11, 12, 13, 14])
  await clock.advance(5)
  await whole
  assert.deepEqual(
    batches.map(({ items }) => items.length),
    [1, 1, 4, 1, 2, 2]
  )
})

test('a request is answered when the last of its batches has ended, in whichever order they end', async () => {
  const slow = Promise.withResolvers<void>()
  const compute = async (_: string, items: readonly number[]) => {
    if (items.includes(1)) await slow.promise
    return items.map((item) => item * 10)
  }
  const { clock, batches, submit } = setUp(compute, 2)
  const whole = submit([1, 2, 3, 4])
  let isAnswered = false
  void whole.then(() => {
    isAnswered = true
  })
  await clock.advance(5)
  await clock.advance(5)
  assert.deepEqual(
    batches.map(({ items }) => items),
    [
      [1, 2],
      [3, 4]
    ]
  )
  assert.equal(isAnswered, false, 'the first of its images are still being computed')
  slow.resolve()
  assert.deepEqual((await whole).results, [10, 20, 30, 40])
})

test('a request of which a batch fails is told so when its other batches have ended: until then it holds its model', async () => {
  const slow = Promise.withResolvers<void>()
  const compute = async (_: string, items: readonly number[]) => {
    if (items.includes(3)) throw new Error('this batch fails')
    await slow.promise
    return items.map((item) => item * 10)
  }
  const { clock, submit } = setUp(compute, 2)
  const whole = submit([1, 2, 3, 4])
  let isTold = false
  const told = assert.rejects(whole, /this batch fails/).then(() => {
    isTold = true
  })
  await clock.advance(5)
  await clock.advance(5)
  assert.equal(isTold, false)
  slow.resolve()
  await told
})

test('an image is alone while nothing else computes or waits, in any lane', async () => {
  const first = Promise.withResolvers<void>()
  const compute = async (_: string, items: readonly number[]) => {
    if (items.includes(1)) await first.promise
    return items
  }
  const { clock, batches, submit } = setUp(compute, 2)
  const alone = async (...asked: readonly (readonly [items: number[], lane: string])[]) => {
    batches.length = 0
    const answers = asked.map(([items, lane]) => submit(items, lane))
    await clock.advance(5)
    return { answers, seen: batches.map(({ items, isLone }) => [items.join(), isLone]) }
  }
  assert.deepEqual((await alone([[2], 'a'])).seen, [['2', true]])
  assert.deepEqual((await alone([[2, 3], 'a'])).seen, [
    ['2', false],
    ['3', false]
  ])
  assert.deepEqual((await alone([[2], 'a'], [[3], 'b'])).seen, [
    ['2', false],
    ['3', false]
  ])
  const long = await alone([[1], 'a'])
  assert.deepEqual(long.seen, [['1', true]])
  assert.deepEqual((await alone([[2], 'a'])).seen, [['2', false]], 'beside another')
  first.resolve()
  await Promise.all(long.answers)
})
