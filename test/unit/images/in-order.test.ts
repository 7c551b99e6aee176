import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGate, inOrder } from '../../../src/images/in-order.ts'
import { settle } from '../../helpers/fake-clock.ts'

/** Work that ends when the test says so. */
function openWork() {
  const ends = new Map<number, () => void>()
  const work = (item: number) => new Promise<number>((resolve) => ends.set(item, () => resolve(item)))
  return { ends, work }
}

async function* counting(upTo: number, onTake: (i: number) => void): AsyncGenerator<number> {
  for (let i = 1; i <= upTo; i++) {
    onTake(i)
    yield i
  }
}

test('results come in the order of the items, however their work ends', async () => {
  const { ends, work } = openWork()
  const results: number[] = []
  const options = { window: 3, weigh: () => 1, maxWeight: 100 }
  const reading = (async () => {
    for await (const result of inOrder(
      counting(5, () => {}),
      work,
      options
    ))
      results.push(result)
  })()
  for (const item of [3, 2]) {
    await settle()
    ends.get(item)?.()
  }
  await settle()
  assert.deepEqual(results, [])
  for (const item of [1, 4, 5]) {
    ends.get(item)?.()
    await settle()
  }
  await reading
  assert.deepEqual(results, [1, 2, 3, 4, 5])
})

test('no item is taken while those under way weigh too much', async () => {
  const { ends, work } = openWork()
  let taken = 0
  const options = { window: 10, weigh: (i: number) => (i === 2 ? 70 : 40), maxWeight: 100 }
  const items = inOrder(
    counting(4, (i) => (taken = i)),
    work,
    options
  )
  const first = items.next()
  await settle()
  assert.equal(taken, 2, '40 and 70 are too much for a third')
  ends.get(1)?.()
  assert.deepEqual(await first, { value: 1, done: false })
  const second = items.next()
  await settle()
  assert.equal(taken, 3)
  for (const item of [2, 3]) ends.get(item)?.()
  assert.deepEqual(await second, { value: 2, done: false })
  await items.return(undefined)
})

test('a failure is thrown in its turn and nowhere else', async () => {
  const work = (item: number) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item))
  const results: number[] = []
  await assert.rejects(async () => {
    const options = { window: 4, weigh: () => 1, maxWeight: 100 }
    for await (const result of inOrder(
      counting(4, () => {}),
      work,
      options
    ))
      results.push(result)
  }, /two/)
  assert.deepEqual(results, [1])
})

test('a gate lets in what fits, the heaviest alone, and everybody in turn', async () => {
  const gate = createGate(10)
  const { ends, work } = openWork()
  const inside = () => [...ends.keys()]
  const weights = [6, 4, 25, 1]
  const all = weights.map((weight) => gate(weight, () => work(weight)))
  await settle()
  assert.deepEqual(inside(), [6, 4], '25 does not fit, and 1 does not pass it by')
  ends.get(6)?.()
  await settle()
  assert.deepEqual(inside(), [6, 4])
  ends.get(4)?.()
  await settle()
  assert.deepEqual(inside(), [6, 4, 25])
  ends.get(25)?.()
  await settle()
  assert.deepEqual(inside(), weights)
  ends.get(1)?.()
  assert.deepEqual(await Promise.all(all), weights)
  await assert.rejects(
    gate(5, () => Promise.reject(new Error('broken'))),
    /broken/
  )
  assert.equal(await gate(10, async () => 'free again'), 'free again')
})
