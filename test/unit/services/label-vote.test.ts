import assert from 'node:assert/strict'
import { test } from 'node:test'
import { confidenceBins } from '../../../src/services/vector-sets/confidence-bins.ts'
import { vote } from '../../../src/services/vector-sets/labelled-set.ts'

test('neighbours vote by how near they are, and the confidence is the share of the winner', () => {
  const near = { label: 'cat', similarity: 0.9 }
  const far = { label: 'dog', similarity: 0.9 - 0.07 * Math.log(2) } // half its weight
  const { label, confidence } = vote([near, far]) ?? assert.fail()
  assert.equal(label, 'cat')
  assert.ok(Math.abs(confidence - 2 / 3) < 1e-12)
  assert.equal(vote([near, far, far, far])?.label, 'dog', 'three of half the weight are more than one')
  assert.equal(vote([]), null)
})

test('votes whose answer is known are told by how sure they were', () => {
  const bins = confidenceBins([
    { confidence: 1, isRight: true },
    { confidence: 0.95, isRight: true },
    { confidence: 0.9, isRight: false },
    { confidence: 0.34, isRight: true }
  ])
  assert.deepEqual(
    bins.map(({ from, images, accuracy }) => [from, images, accuracy]),
    [
      [0.3, 1, 1],
      [0.9, 3, 2 / 3]
    ]
  )
  assert.ok(Math.abs(bins[1]!.confidence - 0.95) < 1e-12)
})
