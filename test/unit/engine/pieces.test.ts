import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pieceSizes } from '../../../src/engine/ops/pieces.ts'
import { FREE_BATCH } from '../../../src/engine/trace/graph.ts'

test('pieces cover all rows, and small work stays whole', () => {
  assert.deepEqual(pieceSizes(100, 64), [100])
  for (const [rows, width] of [
    [8320, 768],
    [8321, 768],
    [1_000_001, 3]
  ] as const) {
    const sizes = pieceSizes(rows, width)
    assert.ok(sizes.length > 1)
    assert.ok(sizes.every((size) => size > 0))
    assert.equal(
      sizes.reduce((a, b) => a + b, 0),
      rows
    )
  }
})

test('rows of a free batch cannot be counted, so they stay together', () => {
  assert.deepEqual(pieceSizes(17 * FREE_BATCH, 768), [17 * FREE_BATCH])
})
