import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseIndex, MOST_EXACT } from '../../../src/domain/vector-set.ts'

const of = (images: number, dimensions: number, hasPgvector: boolean) => {
  const chosen = chooseIndex({ images, dimensions }, hasPgvector)
  return typeof chosen === 'string' ? chosen : chosen.reason
}

test('with pgvector few images are compared one by one, and more are found by a graph', () => {
  assert.equal(of(MOST_EXACT, 384, true), 'exact')
  assert.equal(of(MOST_EXACT + 1, 384, true), 'hnsw')
  assert.equal(of(MOST_EXACT, 5000, true), 'exact')
  assert.match(of(MOST_EXACT + 1, 4001, true), /takes 4000 dimensions or fewer .* and the model has 4001/)
})

test('without it as many are as can be read in seconds', () => {
  assert.equal(of(20_833, 384, false), 'scan')
  assert.match(of(20_834, 384, false), /pgvector 0\.8 or later for more than 20833 images of 384 dimensions/)
})
