import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atSize, cutFromLarger, seenWhole } from '../../../src/recipe/preprocessing.ts'
import { servedSizes, whyNoSize } from '../../../src/recipe/served-sizes.ts'

test('sizes are whole patches from half to twice, and no more than 48 of them on a side', () => {
  assert.deepEqual(servedSizes({ imageSize: 224, patchSize: 16 }), { least: 112, most: 448, step: 16 })
  assert.deepEqual(servedSizes({ imageSize: 518, patchSize: 14 }), { least: 266, most: 672, step: 14 })
  assert.deepEqual(servedSizes({ imageSize: 1024, patchSize: 16 }).most, 1024, 'a model of more keeps its own')
  assert.deepEqual(servedSizes({ imageSize: 28, patchSize: 28 }), { least: 28, most: 56, step: 28 })
  const network = { imageSize: 28, patchSize: 4 }
  assert.deepEqual(
    [16, 28, 56].map((size) => whyNoSize(size, network)),
    [null, null, null]
  )
  for (const size of [12, 30, 60, 28.5, Number.NaN])
    assert.equal(whyNoSize(size, network), 'must be a multiple of 4 from 16 to 56 for this model')
})

test('another size has margins in proportion', () => {
  assert.deepEqual(atSize(cutFromLarger(224), 448), cutFromLarger(448))
  assert.deepEqual(atSize({ ...seenWhole(28), bits: 12 }, 14), { ...seenWhole(14), bits: 12 })
})
