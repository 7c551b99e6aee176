import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mixtureAt } from '../../../src/model/assigner.ts'
import { countUsage, reportPrototypes, type UsageCounts } from '../../../src/model/prototype-report.ts'

const mixture = mixtureAt([1, 1, 1.2], { method: 'dino-vmf', bottleneckDim: 3, temperature: 0.1 })
/** The second repeats the first, at another length. */
const DIRECTIONS = Float32Array.of(1, 0, 0, 2, 0.02, 0, 0, 0, 3)

const report = (counts: UsageCounts) =>
  reportPrototypes({ mixture, posterior: 'model', directions: DIRECTIONS, counts, fitted: null })

test('usage counts the likeliest prototype of each image and probabilities average to one image', () => {
  const counts = countUsage(mixture)
  counts.add(Float32Array.of(0.9, 0.1, 0.1, 0.8, 0.2, 0))
  counts.add(Float32Array.of(0, 0, 0.9))
  const { images, used, topShare, prototypes } = report(counts)
  assert.equal(images, 3)
  assert.equal(used, 2)
  assert.equal(topShare, 2 / 3)
  assert.deepEqual(counts.labels, [0, 0, 2])
  assert.deepEqual(
    prototypes.map(({ usage }) => usage),
    [2, 0, 1]
  )
  const total = prototypes.reduce((sum, { meanProbability }) => sum + meanProbability!, 0)
  assert.ok(Math.abs(total - 1) < 1e-12)
})

test('a prototype in the direction of an earlier one is named its duplicate', () => {
  const { prototypes } = report(countUsage(mixture))
  assert.deepEqual(
    prototypes.map(({ duplicatesOf }) => duplicatesOf),
    [null, 0, null]
  )
  assert.equal(prototypes[0]?.nearest[0]?.prototype, 1)
  assert.ok(prototypes[0]!.nearest[0]!.cosine > 0.999)
  assert.equal(prototypes[0]?.nearest.length, 2)
})

test('only prototypes that win an image count as unique', () => {
  const counts = countUsage(mixture)
  counts.add(Float32Array.of(0, 0.9, 0, 0, 0.9, 0))
  assert.deepEqual([report(counts).used, report(counts).unique], [1, 1], 'the second one, though it repeats the first')
  counts.add(Float32Array.of(0.9, 0, 0))
  assert.deepEqual([report(counts).used, report(counts).unique], [2, 1])
})

test('without images there are no usage numbers rather than zeros', () => {
  const { used, unique, topShare, prototypes } = report(countUsage(mixture))
  assert.deepEqual([used, unique, topShare], [null, null, null])
  assert.equal(prototypes[0]?.usage, null)
  assert.equal(prototypes[0]?.meanProbability, null)
})
