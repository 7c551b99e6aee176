import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mixtureAt } from '../../../src/model/assigner.ts'
import { countUsage, reportPrototypes } from '../../../src/model/prototype-report.ts'

const mixture = mixtureAt([1, 1, 1.2], { method: 'dino-vmf', bottleneckDim: 3, temperature: 0.1 })
/** The second repeats the first, at another length. */
const DIRECTIONS = Float32Array.of(1, 0, 0, 2, 0.02, 0, 0, 0, 3)

test('usage counts the likeliest prototype of each image and probabilities average to one image', () => {
  const counts = countUsage(mixture)
  counts.add(Float32Array.of(0.9, 0.1, 0.1, 0.8, 0.2, 0))
  counts.add(Float32Array.of(0, 0, 0.9))
  const { images, used, prototypes, logDensityQuantiles } = reportPrototypes(mixture, DIRECTIONS, counts)
  assert.equal(images, 3)
  assert.equal(used, 2)
  assert.deepEqual(
    prototypes.map(({ usage }) => usage),
    [2, 0, 1]
  )
  const total = prototypes.reduce((sum, { meanProbability }) => sum + meanProbability!, 0)
  assert.ok(Math.abs(total - 1) < 1e-12)
  assert.equal(logDensityQuantiles.length, 1001)
  assert.ok(logDensityQuantiles.every((value, i) => i === 0 || value >= logDensityQuantiles[i - 1]!))
})

test('a prototype in the direction of an earlier one is named its duplicate', () => {
  const { prototypes, unique, compared } = reportPrototypes(mixture, DIRECTIONS, countUsage(mixture))
  assert.deepEqual(
    prototypes.map(({ duplicatesOf }) => duplicatesOf),
    [null, 0, null]
  )
  assert.deepEqual([unique, compared], [2, 3])
  assert.equal(prototypes[0]?.nearest[0]?.prototype, 1)
  assert.ok(prototypes[0]!.nearest[0]!.cosine > 0.999)
  assert.equal(prototypes[0]?.nearest.length, 2)
})

test('without images there are no usage numbers rather than zeros', () => {
  const { used, prototypes, logDensityQuantiles } = reportPrototypes(mixture, DIRECTIONS, countUsage(mixture))
  assert.equal(used, null)
  assert.equal(prototypes[0]?.usage, null)
  assert.equal(prototypes[0]?.meanProbability, null)
  assert.deepEqual(logDensityQuantiles, [])
})
