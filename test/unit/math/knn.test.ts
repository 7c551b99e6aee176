import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knnAccuracy, nearestNeighbors } from '../../../src/math/knn.ts'
import { prng } from '../../../src/math/prng.ts'

const randomRows = (rows: number, dim: number, seed: number) => {
  const random = prng(seed)
  return Float32Array.from({ length: rows * dim }, () => random.normal())
}

test('tiling finds the same neighbours as sorting everything', () => {
  const dim = 7
  const bank = randomRows(601, dim, 1)
  const queries = randomRows(5, dim, 2)
  const { indices } = nearestNeighbors({ bank, queries, dim, k: 9 })
  const cosineOf = (q: number, n: number) => {
    let sum = 0
    let squared = 0
    for (let i = 0; i < dim; i++) {
      sum += queries[q * dim + i]! * bank[n * dim + i]!
      squared += bank[n * dim + i]! ** 2
    }
    return sum / Math.sqrt(squared)
  }
  for (let q = 0; q < 5; q++) {
    const sorted = [...Array(601).keys()].sort((a, b) => cosineOf(q, b) - cosineOf(q, a)).slice(0, 9)
    assert.deepEqual([...indices.subarray(q * 9, q * 9 + 9)], sorted)
  }
})

test('k is cut to the size of the bank', () => {
  const rows = randomRows(3, 4, 3)
  assert.equal(nearestNeighbors({ bank: rows, queries: rows, dim: 4, k: 20 }).k, 3)
  assert.throws(() => nearestNeighbors({ bank: new Float32Array(0), queries: rows, dim: 4, k: 1 }), /among 0 rows/)
})

test('a bank that leaves its queries out has every other row and never the query', () => {
  const rows = randomRows(300, 6, 5)
  const all = nearestNeighbors({ bank: rows, queries: rows, dim: 6, k: 300 })
  const others = nearestNeighbors({ bank: rows, queries: rows, dim: 6, k: 300, leaveOneOut: true })
  assert.equal(others.k, 299)
  for (let q = 0; q < 300; q++) {
    const expected = [...all.indices.subarray(q * 300, (q + 1) * 300)].filter((row) => row !== q)
    assert.deepEqual([...others.indices.subarray(q * 299, (q + 1) * 299)], expected)
  }
})

test('images of a bank find themselves', () => {
  const rows = randomRows(50, 16, 4)
  const labels = Array.from({ length: 50 }, (_, i) => i % 5)
  const probe = { bank: rows, queries: rows, dim: 16, k: 1, bankLabels: labels, queryLabels: labels, classes: 5 }
  assert.equal(knnAccuracy(probe), 1)
})
