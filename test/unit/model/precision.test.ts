import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoadedProgram } from '../../../src/engine/engine.ts'
import type { ImageSource } from '../../../src/model/image-source.ts'
import { figuresOf, measurePrecision } from '../../../src/model/precision.ts'

/** Unit vectors around a circle, `turned` by so much. */
const circle = (images: number, turned: (i: number) => number): Float32Array =>
  Float32Array.from({ length: 2 * images }, (_, at) => {
    const angle = (2 * Math.PI * Math.floor(at / 2)) / images + turned(Math.floor(at / 2))
    return at % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
  })

test('vectors that lose nothing have cosine 1 and all of their neighbours', () => {
  const exact = circle(50, () => 0)
  const figures = figuresOf({ exact, rounded: exact, dim: 2 })
  assert.equal(figures.images, 50)
  assert.ok(figures.minCosine > 0.999999 && figures.recallAt10 === 1, JSON.stringify(figures))
})

test('one vector that is turned costs its own cosine, its own neighbours, and its place among those of others', () => {
  const exact = circle(50, () => 0)
  const rounded = circle(50, (i) => (i === 0 ? Math.PI : 0))
  const { minCosine, meanCosine, recallAt10 } = figuresOf({ exact, rounded, dim: 2 })
  assert.ok(Math.abs(minCosine + 1) < 1e-5)
  assert.ok(Math.abs(meanCosine - 48 / 50) < 1e-5)
  // Ten of its own are others now, and the ten whose neighbour it was have lost one; its new ones each lose one to it.
  assert.ok(recallAt10 > 0.9 && recallAt10 < 0.97, String(recallAt10))
})

const program = (turn: number): LoadedProgram => ({
  run: async ({ images }) => ({ embedding: circle(50, () => turn).slice(2 * images![0]!, 2 * images![0]! + 2) }),
  dispose: async () => {}
})

const source = (datasetImages: number): ImageSource => ({
  datasetImages,
  async *batches(limit, size) {
    for (let from = 0; from < limit; from += size)
      yield Array.from({ length: Math.min(size, limit - from) }, (_, i) => Uint8Array.of(from + i))
  },
  close: async () => {}
})

async function measured(images: number) {
  const measuring = measurePrecision({ images: source(images), exact: program(0), rounded: program(0.01), dim: 2 })
  for (;;) {
    const step = await measuring.next()
    if (step.done) return step.value
  }
}

test('a model is measured on the images of its dataset, one at a time', async () => {
  const figures = await measured(50)
  assert.equal(figures?.images, 50)
  assert.ok(Math.abs(figures.meanCosine - Math.cos(0.01)) < 1e-5)
})

test('without images, or with too few to have ten neighbours, nothing is said', async () => {
  assert.equal(await measured(0), null)
  assert.equal(await measured(10), null)
})
