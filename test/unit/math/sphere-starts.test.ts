import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Prng, prng } from '../../../src/math/prng.ts'
import { directionsOf } from '../../../src/math/sphere-starts.ts'
import { drawVmf, randomDirection } from '../../helpers/vmf-draws.ts'

const DIM = 16

function planted(count: number, images: number, random: Prng) {
  const means = Array.from({ length: count }, () => randomDirection(DIM, random))
  const rows = means.map((mean) => drawVmf(mean, { kappa: 200, images }, random))
  return { means, vectors: Float64Array.from(rows.flatMap((row) => [...row])) }
}

function directions(vectors: Float64Array, count: number, random = prng(5)): Float64Array[] {
  const placing = directionsOf({ vectors, dim: DIM }, count, random)
  for (;;) {
    const { done, value } = placing.next()
    if (done) return Array.from({ length: value.length / DIM }, (_, k) => value.subarray(k * DIM, (k + 1) * DIM))
  }
}

const cosine = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
const nearest = (one: Float64Array, all: readonly Float64Array[]): number => Math.max(...all.map((b) => cosine(one, b)))
const vectorAt = (vectors: Float64Array, row: number) => vectors.subarray(row * DIM, (row + 1) * DIM)

test('as many directions as planted clusters are the clusters’ own, each once', () => {
  const { means, vectors } = planted(8, 60, prng(1))
  const found = directions(vectors, 8)
  assert.equal(found.length, 8)
  // The mean of 60 draws of κ = 200 in 16 dimensions is about 2° from the planted direction.
  for (const mean of means) assert.ok(nearest(mean, found) > 0.995, `${nearest(mean, found)}`)
})

test('more directions than clusters leave none of the clusters out, and all are where vectors are', () => {
  const { means, vectors } = planted(4, 50, prng(2))
  const found = directions(vectors, 24)
  assert.equal(found.length, 24)
  for (const mean of means) assert.ok(nearest(mean, found) > 0.95)
  for (const one of found) assert.ok(nearest(one, means) > 0.7)
})

test('of more directions than vectors there are as many as vectors, all of unit length and none twice', () => {
  const { vectors } = planted(3, 7, prng(3))
  const found = directions(vectors, 100)
  assert.equal(found.length, 21)
  for (const one of found) assert.ok(Math.abs(cosine(one, one) - 1) < 1e-12)
  assert.equal(new Set(found.map((one) => one.join())).size, 21)
})

test('equal vectors, and fewer than make a cluster, are begun at all the same', () => {
  const one = randomDirection(DIM, prng(4))
  const equal = repeat(one, 12)
  assert.equal(directions(equal, 5).length, 5)
  const [only] = directions(repeat(one, 1), 9)
  assert.deepEqual([...only!], [...one])
})

const repeat = (one: Float64Array, times: number): Float64Array =>
  Float64Array.from({ length: times * DIM }, (_, i) => one[i % DIM]!)

test('the same draws give the same directions, others give others', () => {
  const { vectors } = planted(6, 40, prng(6))
  assert.deepEqual(directions(vectors, 12, prng(7)), directions(vectors, 12, prng(7)))
  assert.notDeepEqual(directions(vectors, 12, prng(7)), directions(vectors, 12, prng(8)))
})

test('the first start of a single cluster is one of the vectors, moved to their mean', () => {
  const { means, vectors } = planted(1, 200, prng(9))
  const [found] = directions(vectors, 1)
  assert.ok(cosine(found!, means[0]!) > cosine(vectorAt(vectors, 0), means[0]!))
})
