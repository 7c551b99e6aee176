import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packVector } from '../../../src/base/output-dtype.ts'
import { keptNeighbors } from '../../../src/evaluation/kept-neighbors.ts'
import { prng } from '../../../src/math/prng.ts'

const DIM = 16
const random = prng(9)
const drawn = (images: number) => Float32Array.from({ length: images * DIM }, () => random.normal())
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** All pairs, one by one. */
function recallByHand(rows: readonly (readonly number[])[], changed: readonly (readonly number[])[]): number {
  const ten = (all: readonly (readonly number[])[], q: number) => {
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, i) => sum + value * b[i]!, 0) / Math.hypot(...a) / Math.hypot(...b)
    const others = all.map((row, at) => ({ at, score: cosine(row, all[q]!) })).filter(({ at }) => at !== q)
    return others
      .sort((a, b) => b.score - a.score || a.at - b.at)
      .slice(0, 10)
      .map(({ at }) => at)
  }
  const shares = rows.map((_, q) => ten(rows, q).filter((one) => ten(changed, q).includes(one)).length / 10)
  return meanOf(shares)
}

test('recall of fewer bits and numbers is what counting one by one finds', () => {
  const features = drawn(60)
  const rows = Array.from({ length: 60 }, (_, row) => {
    const own = features.subarray(row * DIM, (row + 1) * DIM)
    const length = Math.hypot(...own)
    return own.map((value) => value / length)
  })
  const { settings, shares } = keptNeighbors(features, DIM)
  assert.deepEqual(settings, { recallQueries: 60, recallAmong: 59 })
  const plain = rows.map((row) => [...row])
  const ways = {
    recall10_float16: rows.map((row) => [...packVector(row, 'float16').numbers]),
    recall10_int8: rows.map((row) => [...packVector(row, 'int8').numbers]),
    recall10_half: plain.map((row) => row.slice(0, 8)),
    recall10_quarter: plain.map((row) => row.slice(0, 4))
  }
  for (const [name, changed] of Object.entries(ways))
    assert.ok(Math.abs(meanOf(shares[name]!) - recallByHand(plain, changed)) < 1e-9, name)
  // Bits have ties, whose order is nobody's to say; less is kept of a sign than of a byte.
  assert.ok(meanOf(shares['recall10_binary']!) < meanOf(shares['recall10_int8']!))
  assert.ok(meanOf(shares['recall10_float16']!) > 0.99)
})

test('vectors whose second half is nothing keep all of their neighbours in the first', () => {
  const features = drawn(40).map((value, i) => (i % DIM < DIM / 2 ? value : 0))
  const { shares } = keptNeighbors(features, DIM)
  assert.equal(meanOf(shares['recall10_half']!), 1)
})

test('of many images 200 look among 10,000', () => {
  const { settings, shares } = keptNeighbors(drawn(10_050), DIM)
  assert.deepEqual(settings, { recallQueries: 200, recallAmong: 9_999 })
  assert.equal(shares['recall10_int8']!.length, 200)
})
