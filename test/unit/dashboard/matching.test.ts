import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressOf,
  inOrder,
  LEASTS,
  orderOf,
  pageOf,
  wishOf
} from '../../../src/dashboard/features/matching/matching-words.ts'
import { href, parseLocation } from '../../../src/dashboard/router.ts'

const pairs = [
  { from: 1, to: 9, images: 40, similarity: 0.2 },
  { from: 2, to: 3, images: 5, similarity: 0.9 },
  { from: 7, to: 0, images: 60, similarity: 0.5 }
]

test('what is asked about two models is in the address, and is read back from it', () => {
  const wish = { model: 'mdl_1', against: 'shoes@prod', dataset: 'ds_1@3', least: 0.3 }
  const { route, query } = parseLocation(href.matching(wish.model, addressOf(wish)))
  assert.deepEqual(route, { page: 'matching', id: 'mdl_1' })
  assert.deepEqual(wishOf('mdl_1', query), wish)
  const plain = { model: 'mdl_1', against: '', dataset: '', least: 0 }
  assert.equal(href.matching('mdl_1', addressOf(plain)), '#/matching/mdl_1')
  assert.deepEqual(wishOf('mdl_1', new URLSearchParams()), plain)
  // A typed address names what the choice has.
  assert.equal(wishOf('mdl_1', new URLSearchParams({ min_similarity: '7' })).least, 0)
  for (const [value] of LEASTS) assert.equal(String(Number(value)), value)
})

test('pairs are ordered by what is looked for', () => {
  const first = (order: string) => inOrder(pairs, orderOf(order))[0]?.from
  assert.equal(first('-images'), 7)
  assert.equal(first('similarity'), 1)
  assert.equal(first('-similarity'), 2)
  assert.equal(first('from'), 1)
  assert.equal(first('sideways'), 7)
})

test('a page behind the last is the last', () => {
  const items = [1, 2, 3, 4, 5]
  assert.deepEqual(pageOf(items, 0, 2), { shown: [1, 2], at: 0, isLast: false })
  assert.deepEqual(pageOf(items, 2, 2), { shown: [5], at: 2, isLast: true })
  assert.deepEqual(pageOf(items, 9, 2), { shown: [5], at: 2, isLast: true })
  assert.deepEqual(pageOf([], 3, 2), { shown: [], at: 0, isLast: true })
})

test('a prototype has a page of its own', () => {
  const { route, query } = parseLocation(href.prototype('mdl_1', 12))
  assert.deepEqual(route, { page: 'explorer', id: 'mdl_1' })
  assert.equal(query.get('prototype'), '12')
})
