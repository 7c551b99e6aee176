import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawMask, largestMask, type MaskSpec } from '../../../src/math/masks.ts'
import { prng } from '../../../src/math/prng.ts'

const published: MaskSpec = { shape: 'block', probability: 0.5, ratio: 0.3, ratioVariance: 0.2 }
const SHAPES = ['block', 'random'] as const

/**
 * 40,000 masks of 14 × 14 patches at a ratio of 0.3 by the algorithm of iBOT's loader in Python: hidden patches (standard
 * deviation 1.21) and the share of horizontal neighbors of one kind (0.033).
 */
const BLOCK_REFERENCE = { hidden: 57.264, neighbors: 0.9035 }

const countOf = (mask: Uint8Array): number => mask.reduce((sum, hidden) => sum + hidden, 0)

/** Hidden patches of 4,000 masks, each of its own stream. */
const counts = (spec: MaskSpec, side: number): number[] =>
  Array.from({ length: 4000 }, (_, i) => countOf(drawMask(spec, side, prng(7, i))))

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

for (const shape of SHAPES) {
  test(`half of the crops have no ${shape} mask, the others hide no more than they may`, () => {
    for (const side of [2, 3, 4, 8, 14]) {
      const spec = { ...published, shape }
      const all = counts(spec, side)
      const without = all.filter((count) => count === 0).length / all.length
      // Three standard deviations of 4,000 coins are 0.024; on a tiny grid a small share is less than one patch.
      if (side >= 8) assert.ok(Math.abs(without - 0.5) < 0.03, `${without} without at ${side}`)
      assert.ok(Math.max(...all) <= largestMask(spec, side))
      assert.ok(Math.max(...all) > 0, `something is hidden at ${side}`)
    }
  })
}

test('random masks hide exactly the whole patches of their share, which is uniform around the ratio', () => {
  const spec = { ...published, shape: 'random', probability: 1 } as const
  const all = counts(spec, 14)
  assert.ok(Math.min(...all) >= Math.floor(0.1 * 196))
  // Whole patches lose half a patch on average; the mean of 4,000 uniform draws scatters by 0.4.
  assert.ok(Math.abs(mean(all) - (0.3 * 196 - 0.5)) < 1.2, `${mean(all)}`)
  const lower = all.filter((count) => count < 0.2 * 196).length / all.length
  assert.ok(Math.abs(lower - 0.25) < 0.03, `${lower} in the lowest quarter`)
  const fixed = counts({ ...spec, ratio: 0.7, ratioVariance: 0 }, 14)
  assert.ok(fixed.every((count) => count === 137))
})

test('every patch is hidden as often as any other by random masks, and in the middle more often by blocks', () => {
  const shares = (shape: 'block' | 'random') => {
    const sums = new Float64Array(64)
    for (let i = 0; i < 4000; i++) {
      const mask = drawMask({ ...published, shape, probability: 1 }, 8, prng(3, i))
      for (const [patch, hidden] of mask.entries()) sums[patch]! += hidden / 4000
    }
    return sums
  }
  assert.ok(shares('random').every((share) => Math.abs(share - 0.292) < 0.03))
  const blocks = shares('block')
  assert.ok(blocks[3 * 8 + 3]! > blocks[0]! + 0.05)
})

test('block masks hide as much as those of the official loader, in blocks as large', () => {
  const masks = Array.from({ length: 4000 }, (_, i) =>
    drawMask({ ...published, probability: 1, ratioVariance: 0 }, 14, prng(11, i))
  )
  const neighbors = masks.map((mask) => {
    const pairs = mask.filter((hidden, patch) => patch % 14 < 13 && hidden === mask[patch + 1])
    return pairs.length / (14 * 13)
  })
  // Four standard errors of 4,000 masks.
  assert.ok(Math.abs(mean(masks.map(countOf)) - BLOCK_REFERENCE.hidden) < 0.08, `${mean(masks.map(countOf))}`)
  assert.ok(Math.abs(mean(neighbors) - BLOCK_REFERENCE.neighbors) < 0.0025, `${mean(neighbors)}`)
})

test('a mask is a function of its stream alone', () => {
  for (const shape of SHAPES) {
    const spec = { ...published, shape, probability: 1 }
    const draw = (...keys: number[]) => drawMask(spec, 14, prng(5, ...keys)).join('')
    assert.equal(draw(1, 2, 3), draw(1, 2, 3))
    assert.equal(new Set([draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)]).size, 4)
  }
})

test('no mask is drawn where none is wanted', () => {
  assert.equal(Math.max(...counts({ ...published, probability: 0 }, 8)), 0)
  assert.equal(Math.max(...counts({ ...published, ratio: 0, ratioVariance: 0, probability: 1 }, 8)), 0)
})
