/** Revisited Oxford and Paris against DINO's compute_map, Pillow and PyTorch (scripts/retrieval_protocols.py). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Truth } from '../../../src/base/ground-truth.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { evaluateRevisited } from '../../../src/evaluation/revisited.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import { thumbnailSize } from '../../../src/math/thumbnail.ts'
import { openShapedEmbeddings } from '../../../src/probing/shaped-embeddings.ts'
import { IMAGES, WEIGHTS_FOLDER } from '../interop/golden.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/retrieval-protocols.json', import.meta.url), 'utf8'))
const engine = createEngine({ threads: 1 })

async function openAt(size: number, channels: 1 | 3 = 3) {
  const { network, weights } = await importWeights(join(WEIGHTS_FOLDER, 'dino-backbone.pth'), { heads: 2 })
  const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
  const preprocessing = { resize: 'shorter_side', side: 16, crop: 16, interpolation: 'bicubic' } as const
  const config = { imageSize: 16, channels, preprocessing } as const
  return openShapedEmbeddings(engine, { served: { network, normalization }, weights, config }, size)
}

/** The script's numbers, as bytes. */
const counted = (length: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 7919 + Math.floor(i / 97) * 104729) % 256)

const flat = (rows: number[][]) => Float32Array.from(rows.flat())
const { dim, revisited: facts } = golden

test('precisions of Medium and Hard are those of compute_map, queries without anything to find left out', () => {
  const truth: Truth[] = facts.gnd
  const of = { dim, gallery: flat(facts.gallery), queries: flat(facts.queries), truth }
  const { metrics, settings, bank, queries } = evaluateRevisited(of, { seed: 0 })
  // Ranks are whole numbers: nothing is left of float32.
  for (const name of ['medium', 'hard']) {
    const { map, precisions } = facts[name]
    const expected = {
      [`map_${name}`]: map,
      ...Object.fromEntries([1, 5, 10].map((k, i) => [`mp${k}_${name}`, precisions[i]]))
    }
    for (const [metric, value] of Object.entries(expected))
      assert.ok(Math.abs(metrics[metric]!.value - value) < 1e-12, `${metric} ${metrics[metric]!.value} for ${value}`)
  }
  assert.deepEqual([bank, queries, settings['withoutMedium'], settings['withoutHard']], [45, 6, 1, 2])
})

test('class tokens of images that are no square are those of PyTorch, in the order of the images whatever their shapes', async () => {
  const { height, width, rows } = golden.class_tokens
  const embeddings = await openAt(20)
  const all = counted(IMAGES * height * width * 3)
  const images = Array.from({ length: IMAGES }, (_, i) => {
    const data = all.subarray(i * height * width * 3, (i + 1) * height * width * 3)
    return embeddings.see({ data, width, height, channels: 3 }, null)
  })
  // Others between them: of every grid there is a program, and one of them has to make room.
  const shapes = [
    [16, 16],
    [8, 16],
    [16, 8],
    [4, 20]
  ] as const
  const others = shapes.map(([h, w]) =>
    embeddings.see({ data: counted(h * w * 3), width: w, height: h, channels: 3 }, null)
  )
  const seen = [images[0]!, ...others, images[1]!, images[2]!]
  const found = await embeddings.program.run(seen)
  const again = await embeddings.program.run(seen)
  await embeddings.dispose()
  assert.deepEqual(again, found)
  for (const [i, row] of [found[0]!, found[5]!, found[6]!].entries()) {
    const length = Math.hypot(...rows[i])
    // float32 against float64, through two blocks.
    for (const [k, value] of row.entries())
      assert.ok(Math.abs(value - rows[i][k] / length) < 2e-5, `${value} for ${rows[i][k] / length}`)
  }
})

test('images are made to fit as Pillow makes thumbnails of them, and boxes are cut out as Pillow crops', async () => {
  const { sizes, of, box, side, size, pixels } = golden.thumbnails
  for (const one of sizes) {
    const fitted = thumbnailSize({ width: one.of[0], height: one.of[1] }, one.side)
    assert.deepEqual([fitted.width, fitted.height], one.size)
  }
  const embeddings = await openAt(side, 1)
  const image = { data: counted(of[0] * of[1]), width: of[0], height: of[1], channels: 1 as const }
  const [left, top, right, bottom] = box
  const seen = embeddings.see(image, { left, top, width: right - left, height: bottom - top })
  assert.deepEqual(size, [21, 17])
  // Of 17 rows of 21 pixels 16 rows of 20 are whole patches of 4.
  assert.deepEqual(seen.grid, [4, 5])
  const expected: number[] = pixels.filter((_: number, i: number) => i < 16 * 21 && i % 21 < 20)
  // Pillow 13 resamples columns first where that is less work: values between the two passes are rounded in another order.
  for (const [i, value] of seen.pixels.entries())
    assert.ok(Math.abs(value - expected[i]!) <= 1, `${value} for ${expected[i]}`)
})

test('what has not a patch in it, and a box beside the image, are no images', async () => {
  const embeddings = await openAt(16)
  const image = { data: new Uint8Array(60 * 3 * 3), width: 60, height: 3, channels: 3 as const }
  assert.throws(() => embeddings.see(image, null), /becomes 16 × 1 pixels, which are less than a patch of 4/)
  assert.throws(() => embeddings.see(image, { left: 70, top: 0, width: 5, height: 3 }), /lies outside of 60 × 3 pixels/)
})
