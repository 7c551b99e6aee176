import assert from 'node:assert/strict'
import { test } from 'node:test'
import { symmetricEigenvectors } from '../../../src/math/eigen.ts'
import { createPlaneFinder, onPlane } from '../../../src/math/principal-plane.ts'
import { prng } from '../../../src/math/prng.ts'

const dot = (one: ArrayLike<number>, other: ArrayLike<number>): number =>
  Array.from(one).reduce((sum, value, i) => sum + value * other[i]!, 0)

/** Points whose spread along each direction is another, turned and away from the origin. */
function points(count: number, dimensions: number): Float64Array[] {
  const { normal } = prng(3)
  return Array.from({ length: count }, () => {
    const point = Float64Array.from({ length: dimensions }, (_, i) => normal() / (i + 1))
    for (let i = 1; i < dimensions; i++) point[i]! += 0.5 * point[i - 1]! + 3
    return point
  })
}

function planeOf(cloud: readonly Float64Array[]) {
  const finder = createPlaneFinder(cloud[0]!.length)
  for (const point of cloud) finder.add(point)
  return finder.find()
}

test('the axes are the leading eigenvectors of the covariance', () => {
  const [dimensions, cloud] = [40, points(500, 40)]
  const { mean, axes } = planeOf(cloud)
  const covariance = new Float64Array(dimensions * dimensions)
  for (const point of cloud)
    for (let i = 0; i < dimensions; i++)
      for (let j = 0; j < dimensions; j++)
        covariance[i * dimensions + j]! += ((point[i]! - mean[i]!) * (point[j]! - mean[j]!)) / cloud.length
  const { vectors } = symmetricEigenvectors(covariance, dimensions)
  axes.forEach((axis, row) => {
    const expected = vectors.subarray(row * dimensions, (row + 1) * dimensions)
    assert.ok(Math.abs(Math.abs(dot(axis, expected)) - 1) < 1e-7, `axis ${row}`)
    assert.ok(Math.abs(dot(axis, axis) - 1) < 1e-12)
  })
  assert.ok(Math.abs(dot(axes[0], axes[1])) < 1e-12)
})

test('a map is not mirrored from time to time: the largest number of an axis is positive', () => {
  const cloud = points(100, 6)
  for (const axis of planeOf(cloud).axes)
    assert.ok(Math.max(...axis) >= Math.max(...axis.map((value) => -value)), String(axis))
  assert.deepEqual(planeOf(cloud), planeOf(cloud))
})

test('points of a plane lie on it as they lay, whatever the space around it', () => {
  const { normal } = prng(5)
  const flat = Array.from({ length: 50 }, () => [2 * normal(), normal()] as const)
  const cloud = flat.map(([a, b]) => Float64Array.from([1, a, 2, b, 3]))
  const plane = planeOf(cloud)
  const placed = cloud.map((point) => onPlane(point, plane))
  for (const [i, j] of [
    [0, 1],
    [3, 40],
    [12, 30]
  ] as const) {
    const before = Math.hypot(flat[i]![0] - flat[j]![0], flat[i]![1] - flat[j]![1])
    const after = Math.hypot(placed[i]![0] - placed[j]![0], placed[i]![1] - placed[j]![1])
    assert.ok(Math.abs(before - after) < 1e-9)
  }
})

test('one point, or many of the same, are in the middle of the map', () => {
  for (const count of [1, 3]) {
    const plane = planeOf(Array.from({ length: count }, () => Float64Array.from([0.6, 0.8])))
    assert.deepEqual(
      onPlane([0.6, 0.8], plane).map((value) => Math.abs(value) < 1e-15),
      [true, true]
    )
  }
})
