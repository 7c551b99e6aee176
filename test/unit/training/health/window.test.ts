import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prng } from '../../../../src/math/prng.ts'
import { createHealthWindow, type TeacherViews } from '../../../../src/training/health/window.ts'

const SIZES = { dim: 8, prototypes: 6, bottleneckDim: 4 }
const BEGIN = new Map()

/** Six prototypes; 0 and 3 point the same way with other lengths, the others to corners of their own. */
const DIRECTIONS = Float32Array.from([
  ...[1, 0, 0, 0],
  ...[0, 1, 0, 0],
  ...[0, 0, 1, 0],
  ...[5, 0.1, 0, 0],
  ...[0, 0, 0, 1],
  ...[-1, 0, 0, 0]
])

function views(rows: number, seed: number, assignment: (row: number) => number): TeacherViews {
  const random = prng(seed)
  return {
    features: Float32Array.from({ length: rows * SIZES.dim }, () => random.normal()),
    assignments: Float32Array.from({ length: rows }, (_, row) => assignment(row))
  }
}

test('a window counts the prototypes that won an image in any of its steps, and the different ones among them', () => {
  const window = createHealthWindow(SIZES, BEGIN)
  window.observe(views(3, 1, () => 0))
  window.observe(views(3, 2, (row) => [3, 1, 3][row]!))
  const { used_prototypes, unique_prototypes } = window.close(DIRECTIONS)
  assert.equal(used_prototypes, 3)
  assert.equal(unique_prototypes, 2)
})

test('a closed window is empty again', () => {
  const window = createHealthWindow(SIZES, BEGIN)
  window.observe(views(40, 1, (row) => row % 6))
  assert.equal(window.close(DIRECTIONS)['used_prototypes'], 6)
  window.observe(views(40, 2, () => 4))
  assert.equal(window.close(DIRECTIONS)['used_prototypes'], 1)
  assert.deepEqual(window.close(DIRECTIONS), { effective_rank: 0, used_prototypes: 0, unique_prototypes: 0 })
})

test('features on one line have rank 1 and none of the spread of features in all directions', () => {
  const collapsed = createHealthWindow(SIZES, BEGIN)
  const line = Float32Array.from(
    { length: 50 * SIZES.dim },
    (_, i) => (1 + Math.floor(i / SIZES.dim)) * (1 + (i % SIZES.dim))
  )
  collapsed.observe({ features: line, assignments: new Float32Array(50) })
  const bad = collapsed.close(DIRECTIONS)
  assert.ok(Math.abs(bad['effective_rank']! - 1) < 0.01)
  assert.ok(bad['feature_spread']! < 1e-3)

  const healthy = createHealthWindow(SIZES, BEGIN)
  healthy.observe(views(500, 3, () => 0))
  const good = healthy.close(DIRECTIONS)
  assert.ok(good['effective_rank']! > 7.5)
  assert.ok(Math.abs(good['feature_spread']! - 1) < 0.05)
})

test('features are measured on the last 1,024 rows, however they came', () => {
  const steps = Array.from({ length: 30 }, (_, i) => views(100, i, () => 0))
  const whole = createHealthWindow(SIZES, BEGIN)
  for (const step of steps) whole.observe(step)
  const all = steps.flatMap(({ features }) => [...features])
  const last = createHealthWindow(SIZES, BEGIN)
  last.observe({ features: Float32Array.from(all.slice(-1024 * SIZES.dim)), assignments: Float32Array.of(0) })
  assert.deepEqual(whole.close(DIRECTIONS), last.close(DIRECTIONS))
})

test('a window that was stopped and resumed reports what an uninterrupted one does, wherever it was cut', () => {
  const steps = Array.from({ length: 20 }, (_, i) => views(90, i, (row) => (row * i) % 6))
  const straight = createHealthWindow(SIZES, BEGIN)
  for (const step of steps) straight.observe(step)
  const expected = straight.close(DIRECTIONS)
  for (const cut of [0, 1, 7, 12, 19, 20]) {
    const before = createHealthWindow(SIZES, BEGIN)
    for (const step of steps.slice(0, cut)) before.observe(step)
    const after = createHealthWindow(SIZES, before.tensors())
    for (const step of steps.slice(cut)) after.observe(step)
    assert.deepEqual(after.close(DIRECTIONS), expected, `cut after ${cut}`)
  }
})
