import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VectorMap } from '../../../src/client/resources.ts'
import { colouringsOf, coloursOf, luminanceOf } from '../../../src/dashboard/features/map/colours.ts'
import { createPointFinder, inside, pointsOf } from '../../../src/dashboard/features/map/points.ts'
import { fit, moved, toPixels, toPlane, zoomed } from '../../../src/dashboard/features/map/view.ts'
import { optionsOf, soughtOf } from '../../../src/dashboard/features/vector-sets/search-form.ts'

const MAP: VectorMap = {
  method: 'pca',
  images: 4,
  every: 1,
  fitted_on: 4,
  explained: [0.5, 0.2],
  labels: ['boot', 'bag'],
  label: [0, 1, 1, null],
  prototype: [3, 3, 3, 7],
  log_density: null,
  x: [-1, 1, 1, -1],
  y: [-1, -1, 1, 1]
}
const POINTS = pointsOf(MAP)
const SIZE = { width: 400, height: 200 }

test('a line takes the points inside of it, also where it is not convex', () => {
  assert.deepEqual(
    inside(POINTS, [
      [0, -2],
      [2, -2],
      [2, 2],
      [0, 2]
    ]),
    [1, 2]
  )
  assert.deepEqual(
    inside(POINTS, [
      [-2, -2],
      [2, -2],
      [2, 0],
      [0, 0],
      [0, 2],
      [-2, 2]
    ]),
    [0, 1, 3]
  )
  assert.deepEqual(
    inside(POINTS, [
      [0, 0],
      [1, 1]
    ]),
    []
  )
})

test('the point under the pointer is the nearest within reach', () => {
  const find = createPointFinder(POINTS)
  assert.equal(find([0.9, 0.95], 0.3), 2)
  assert.equal(find([0, 0], 0.5), null)
  assert.equal(find([-1.1, 1.1], 0.3), 3)
})

test('zooming leaves what is under the pointer where it is, and ends somewhere', () => {
  const extent = POINTS.extent
  const whole = fit(extent, SIZE)
  const at = [300, 40] as const
  const nearer = zoomed(whole, { size: SIZE, extent, at, by: 2 })
  const [before, after] = [toPlane(whole, SIZE, at), toPlane(nearer, SIZE, at)]
  assert.ok(Math.hypot(before[0] - after[0], before[1] - after[1]) < 1e-12)
  assert.equal(zoomed(whole, { size: SIZE, extent, at, by: 1e9 }).scale, 400 * whole.scale)
  assert.deepEqual(toPixels(moved(whole, 10, 20), SIZE, [0, 0]), [210, 120])
})

test('colours are of the most common kinds first, and grey where nothing is known', () => {
  assert.deepEqual(colouringsOf(MAP), ['label', 'prototype'])
  const { values, legend, left } = coloursOf(MAP, 'label')
  assert.deepEqual(
    legend.map(({ name }) => name),
    ['bag (2)', 'boot (1)']
  )
  assert.deepEqual([[...values.subarray(9, 12)], left], [[128, 134, 145], 0])
  assert.deepEqual(values.subarray(3, 6), values.subarray(6, 9))
})

test('density is coloured by rank: the densest and the sparsest have the ends, whatever lies between', () => {
  const { values } = coloursOf({ ...MAP, log_density: [-1000, 5, 4, null] }, 'density')
  assert.deepEqual([...values.subarray(0, 3)], [196, 48, 60])
  assert.deepEqual([...values.subarray(3, 6)], [70, 100, 200])
  assert.deepEqual([...values.subarray(9, 12)], [128, 134, 145])
})

test('every colour keeps 3:1 on light and on dark ground, however many kinds there are', () => {
  const [light, dark] = [luminanceOf([255, 255, 255]), luminanceOf([0x1a, 0x1e, 0x26])]
  const places = Array.from({ length: 60 }, (_, place) => place)
  const of = { ...MAP, x: places, y: places, label: places, log_density: places }
  for (const colouring of ['label', 'density'] as const) {
    const { values } = coloursOf(of, colouring)
    for (const place of places) {
      const [red = 0, green = 0, blue = 0] = values.subarray(3 * place)
      const mark = luminanceOf([red, green, blue])
      const contrasts = [(light + 0.05) / (mark + 0.05), (mark + 0.05) / (dark + 0.05)]
      assert.ok(Math.min(...contrasts) >= 3, `${colouring} ${place}: ${contrasts.join(', ')}`)
    }
  }
})

test('a search is asked for when there is a number, with the filters that were typed', () => {
  const form = { by: 'index', number: '', label: ' boot ', prototype: '3', topK: '24' } as const
  assert.equal(soughtOf(form), null)
  assert.deepEqual(soughtOf({ ...form, number: ' 7' }), { by: 'index', index: 7 })
  assert.deepEqual(soughtOf({ ...form, by: 'prototype', number: '2' }), { by: 'prototype', prototype: 2 })
  assert.deepEqual(optionsOf(form), { topK: 24, label: 'boot', prototype: 3 })
})
