import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { Batcher } from '../../../src/serving/batches.ts'
import { manualClock, settle } from './manual-clock.ts'

function setUp(compute?: (lane: string, items: readonly number[]) => Promise<readonly number[]>) {
  const clock = manualClock()
  const batches: { lane: string; items: readonly number[]; at: number }[] = []
  const batcher = new Batcher<number, number>({
    maxBatch: 4,
    maxQueueDelayMs: 5,
    clock,
    compute: async (lane, items) => {
      batches.push({ lane, items, at: clock.now() })
      return compute ? compute(lane, items) : items.map((item) => item * 10)
    }
  })
  const submit = (items: number[], lane = 'a', deadline = 1000) => batcher.submit({ lane, items, deadline })
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
    batches.map(({ items, at }) => [items, at]),
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

test('a request past its deadline is not computed and answered request_timeout', async () => {
  const { clock, batches, submit } = setUp()
  const late = assert.rejects(submit([1], 'a', 3), (error) => isAppError(error, 'request_timeout'))
  const timely = submit([2])
  await clock.advance(5)
  await late
  assert.deepEqual((await timely).results, [20])
  assert.deepEqual(batches[0]?.items, [2])
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
