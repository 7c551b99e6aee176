import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evenShares } from '../../../src/math/even-shares.ts'
import { prng } from '../../../src/math/prng.ts'
import { apart, farthestFirst } from '../../../src/math/spread.ts'
import { normalizeRows } from '../../../src/math/vectors.ts'

/** Around a few directions, as embeddings are; of a number that is no multiple of four. */
function someRows(count: number, dim = 37): Float32Array {
  const { normal, integer } = prng(7)
  const centres = Float32Array.from({ length: 5 * dim }, normal)
  const rows = new Float32Array(count * dim)
  for (let row = 0; row < count; row++) {
    const centre = integer(5) * dim
    for (let i = 0; i < dim; i++) rows[row * dim + i] = centres[centre + i]! + 0.5 * normal()
  }
  return normalizeRows(rows, dim)
}

function distance(rows: Float32Array, dim: number, a: number, b: number): number {
  let sum = 0
  for (let i = 0; i < dim; i++) sum += (rows[a * dim + i]! - rows[b * dim + i]!) ** 2
  return sum
}

/** As the definition says it. */
function plainFarthestFirst(rows: Float32Array, dim: number, first: number, count: number): number[] {
  const all = rows.length / dim
  const taken = [first]
  while (taken.length < count) {
    const gaps = Array.from({ length: all }, (_, row) => Math.min(...taken.map((one) => distance(rows, dim, row, one))))
    taken.push(gaps.indexOf(Math.max(...gaps)))
  }
  return taken
}

test('each row is the one that is furthest from all before it, in spite of the distances that are given up', () => {
  const rows = someRows(200)
  const taken = farthestFirst({ rows, dim: 37 }, { first: 11, count: 30 })
  assert.deepEqual([...taken], plainFarthestFirst(rows, 37, 11, 30))
})

test('no three of all rows cover the others within less than half the distance', () => {
  const rows = someRows(24, 5)
  const radius = (taken: readonly number[]) =>
    Math.max(
      ...Array.from({ length: 24 }, (_, row) => Math.min(...taken.map((one) => Math.sqrt(distance(rows, 5, row, one)))))
    )
  let best = Infinity
  for (let a = 0; a < 24; a++)
    for (let b = a + 1; b < 24; b++) for (let c = b + 1; c < 24; c++) best = Math.min(best, radius([a, b, c]))
  for (let first = 0; first < 24; first++) {
    const found = radius([...farthestFirst({ rows, dim: 5 }, { first, count: 3 })])
    assert.ok(found >= best && found <= 2 * best, `${found} of ${best}, from ${first}`)
  }
})

test('rows that are equal to one that was taken are not taken', () => {
  const rows = Float32Array.from([1, 0, 1, 0, 0, 1, 1, 0])
  assert.deepEqual([...farthestFirst({ rows, dim: 2 }, { first: 1, count: 4 })], [1, 2])
})

test('of rows nearer to each other than a cosine the first stays', () => {
  const [rows, dim] = [someRows(300), 37]
  for (const most of [0.5, 0.8, 0.9]) {
    const taken: number[] = []
    for (let row = 0; row < 300; row++)
      if (taken.every((one) => distance(rows, dim, row, one) >= 2 - 2 * most)) taken.push(row)
    assert.ok(taken.length > 3 && taken.length < 300, `${taken.length} at ${most}`)
    assert.deepEqual([...apart({ rows, dim }, most)], taken)
  }
})

test('heaps give the same, those that have less all that they have', () => {
  assert.deepEqual(evenShares([100, 100, 100], 30), [10, 10, 10])
  assert.deepEqual(evenShares([3, 100, 50], 43), [3, 20, 20])
  assert.deepEqual(
    evenShares([10, 10, 10], 11),
    [4, 4, 3].sort((a, b) => a - b)
  )
  assert.deepEqual(evenShares([2, 0, 1], 100), [2, 0, 1])
  const { integer } = prng(3)
  for (let i = 0; i < 200; i++) {
    const sizes = Array.from({ length: 1 + integer(8) }, () => integer(20))
    const [total, all] = [integer(100), sizes.reduce((sum, size) => sum + size, 0)]
    const shares = evenShares(sizes, total)
    assert.equal(
      shares.reduce((sum, share) => sum + share, 0),
      Math.min(total, all)
    )
    const most = Math.max(...shares)
    for (const [heap, share] of shares.entries())
      assert.ok(share <= sizes[heap]! && (share === sizes[heap] || share >= most - 1), `${sizes}: ${shares}`)
  }
})
