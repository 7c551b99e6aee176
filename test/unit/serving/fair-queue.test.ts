import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prng } from '../../../src/math/prng.ts'
import { FairQueue } from '../../../src/serving/fair-queue.ts'

const asker = (key: string, request = 1) => ({ key, request })
const work = (name: string, count: number, cost = 1) =>
  Array.from({ length: count }, (_, i) => ({ item: `${name}${i}`, cost }))
const drain = (queue: FairQueue<string>, most = Number.POSITIVE_INFINITY) => {
  const taken: string[] = []
  while (taken.length < most && queue.size > 0) taken.push(queue.take()!.item)
  return taken
}

test('keys take turns however much each has, and requests of one key do too', () => {
  const queue = new FairQueue<string>()
  queue.add(asker('a', 1), work('a', 4))
  queue.add(asker('a', 2), work('A', 2))
  queue.add(asker('b'), work('b', 2))
  assert.deepEqual(drain(queue), ['a0', 'b0', 'A0', 'b1', 'a1', 'A1', 'a2', 'a3'])
})

test('a key whose images are ten times as large gets one for ten of the other', () => {
  const queue = new FairQueue<string>()
  queue.add(asker('large'), work('L', 20, 10))
  queue.add(asker('small'), work('s', 100, 1))
  const first = drain(queue, 44)
  assert.equal(first.filter((item) => item.startsWith('L')).length, 4)
})

test('who comes late is next, and has no credit for having waited', () => {
  const queue = new FairQueue<string>()
  queue.add(asker('a'), work('a', 100))
  drain(queue, 50)
  queue.add(asker('b'), work('b', 10))
  const order = drain(queue, 10)
  assert.equal(order.filter((item) => item.startsWith('b')).length, 5)
})

test('a key that sends its images one by one gets no more than one that sends them together', () => {
  const queue = new FairQueue<string>()
  queue.add(asker('together'), work('t', 1000))
  const taken = { t: 0, o: 0 }
  for (let i = 0; i < 20; i++) {
    queue.add(asker('one by one', i), work('o', 1, 10))
    let item = ''
    while (!item.startsWith('o')) {
      item = queue.take()!.item
      taken[item.startsWith('o') ? 'o' : 't']++
    }
  }
  // Level to within one image of ten.
  assert.ok(Math.abs(taken.t - (taken.o - 1) * 10) <= 10, JSON.stringify(taken))
})

test('what is removed is not taken, and the rest keeps its order', () => {
  const queue = new FairQueue<string>()
  queue.add(asker('a', 1), work('a', 3))
  queue.add(asker('a', 2), work('A', 1))
  assert.equal(
    queue.remove(asker('a', 1), (item) => item !== 'a1'),
    2
  )
  assert.equal(queue.size, 2)
  assert.deepEqual(drain(queue), ['a1', 'A0'])
  assert.equal(queue.take(), null)
  assert.equal(
    queue.remove(asker('nobody'), () => true),
    0
  )
})

test('of random loads every key gets its share: none is more than the largest piece of work behind another', () => {
  const random = prng(7)
  for (let round = 0; round < 50; round++) {
    const queue = new FairQueue<string>()
    const keys = ['a', 'b', 'c', 'd']
    for (const key of keys) {
      for (let request = 0; request < 1 + random.integer(5); request++) {
        const works = Array.from({ length: 50 }, () => ({ item: key, cost: 1 + random.integer(9) }))
        queue.add(asker(key, request), works)
      }
    }
    const given = new Map(keys.map((key) => [key, 0]))
    for (let i = 0; i < 100; i++) {
      const { item, cost } = queue.take()!
      given.set(item, given.get(item)! + cost)
      const all = [...given.values()]
      assert.ok(Math.max(...all) - Math.min(...all) <= 9, `${all}`)
    }
  }
})
