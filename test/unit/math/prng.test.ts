import assert from 'node:assert/strict'
import { test } from 'node:test'
import { philox, prng } from '../../../src/math/prng.ts'

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')

test('Philox gives the known answers of its authors', () => {
  const out = new Uint32Array(4)
  philox([0, 0, 0, 0], [0, 0], out)
  assert.equal(hex(out), '6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  const ones = 0xffffffff
  philox([ones, ones, ones, ones], [ones, ones], out)
  assert.equal(hex(out), '408f276d 41c83b0e a20bc7c6 6d5451fd')
  philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], out)
  assert.equal(hex(out), 'd16cfe09 94fdcceb 5001e420 24126ea1')
})

test('the same keys give the same stream, other keys another one', () => {
  const draw = (seed: number, ...keys: number[]) => {
    const random = prng(seed, ...keys)
    return Array.from({ length: 6 }, () => random.bits()).join()
  }
  assert.equal(draw(7, 1, 2), draw(7, 1, 2))
  const streams = [draw(7), draw(8), draw(7, 0), draw(7, 1), draw(7, 1, 2), draw(7, 2, 1), draw(7, 2 ** 32)]
  assert.equal(new Set(streams).size, streams.length)
})

test('uniform numbers fill [0, 1) evenly', () => {
  const random = prng(1)
  const bins = new Uint32Array(10)
  for (let i = 0; i < 100_000; i++) bins[Math.floor(random.uniform() * 10)]!++
  // Chi-squared with 9 degrees of freedom exceeds 27.9 once in a thousand.
  const chi = bins.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0)
  assert.ok(chi < 27.9, `chi² ${chi}`)
})

test('normal numbers have mean 0, variance 1 and light tails', () => {
  const random = prng(2)
  let sum = 0
  let squared = 0
  let fourth = 0
  const n = 100_000
  for (let i = 0; i < n; i++) {
    const value = random.normal()
    sum += value
    squared += value ** 2
    fourth += value ** 4
  }
  assert.ok(Math.abs(sum / n) < 0.015)
  assert.ok(Math.abs(squared / n - 1) < 0.02)
  assert.ok(Math.abs(fourth / n - 3) < 0.15)
})

test('integers are unbiased and a permutation holds every index once', () => {
  const random = prng(3)
  const counts = new Uint32Array(7)
  for (let i = 0; i < 70_000; i++) counts[random.integer(7)]!++
  for (const n of counts) assert.ok(Math.abs(n - 10_000) < 400, `${n}`)
  const order = prng(4).permutation(1000)
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...Array(1000).keys()]
  )
  assert.notDeepEqual([...order.slice(0, 5)], [0, 1, 2, 3, 4])
  assert.equal(prng(4).permutation(0).length, 0)
})

test('keys that are no integers are refused', () => {
  assert.throws(() => prng(-1), /seed is a non-negative integer, got -1/)
  assert.throws(() => prng(1, 0.5), /got 0.5/)
  assert.throws(() => prng(1).integer(0), /got 0/)
})
