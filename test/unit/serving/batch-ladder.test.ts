/** Which compiled size a batch is computed with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchLadder, sizesUpTo } from '../../../src/serving/batch-ladder.ts'

test('sizes double from 1 and never pass the largest batch', () => {
  assert.deepEqual(sizesUpTo(1), [1])
  assert.deepEqual(sizesUpTo(33), [1, 2, 4, 8, 16, 32])
  assert.deepEqual(sizesUpTo(64), [1, 2, 4, 8, 16, 32, 64])
})

test('a batch wants the smallest size that holds it, and the largest where none does', () => {
  const ladder = new BatchLadder(sizesUpTo(8))
  assert.deepEqual(
    [1, 2, 3, 5, 8, 20].map((images) => ladder.wanted(images)),
    [1, 2, 4, 8, 8, 8]
  )
})

test('until its size is compiled, a batch is computed by what is there', () => {
  const ladder = new BatchLadder(sizesUpTo(8))
  ladder.add(1)
  assert.equal(ladder.next(8), 1)
  ladder.add(4)
  assert.equal(ladder.next(8), 4)
  assert.equal(ladder.next(3), 4)
  ladder.add(8)
  assert.equal(ladder.next(8), 8)
  assert.equal(ladder.next(1), 1)
})

test('a size that cannot be had goes with those above it, and one image stays', () => {
  const ladder = new BatchLadder(sizesUpTo(8))
  for (const size of sizesUpTo(8)) ladder.add(size)
  ladder.giveUp(4)
  assert.deepEqual([ladder.top, ladder.wanted(8), ladder.next(8), ladder.has(8)], [2, 2, 2, false])
  ladder.add(8)
  assert.equal(ladder.has(8), false, 'one that was compiling when it was given up')
  ladder.giveUp(1)
  assert.deepEqual([ladder.top, ladder.next(8)], [1, 1])
})

test('nothing is computed before a program of one image is there', () => {
  assert.throws(() => new BatchLadder([1, 2]).next(1), /one image/)
  assert.throws(() => new BatchLadder([2, 4]), /one image/)
})
