/** Copy detection against DINO's eval_copy_detection.py in float64 (scripts/retrieval_protocols.py), from pixels to numbers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import {
  type Copies,
  evaluateCopyDetection,
  originalOf,
  trapezoidPrecision
} from '../../../src/evaluation/copy-detection.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import { symmetricEigenvalues, symmetricEigenvectors } from '../../../src/math/eigen.ts'
import { prng } from '../../../src/math/prng.ts'
import { openCopyFeatures } from '../../../src/probing/copy-features.ts'
import { IMAGES, pixels, WEIGHTS_FOLDER } from '../interop/golden.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/retrieval-protocols.json', import.meta.url), 'utf8'))
const SIZE = 24

for (const engine of [createEngine({ threads: 1 }), createEngine({ name: 'cpu' })]) {
  test(`class tokens and pooled patches of larger images are those of PyTorch on the ${engine.name} engine`, async () => {
    const { network, weights } = await importWeights(join(WEIGHTS_FOLDER, 'dino-backbone.pth'), { heads: 2 })
    const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    const preprocessing = { resize: 'shorter_side', side: 16, crop: 16, interpolation: 'bicubic' } as const
    const config = { imageSize: 16, channels: 3, preprocessing } as const
    assert.equal(network.imageSize, 16)
    const of = { served: { network, normalization }, weights, config }
    const features = await openCopyFeatures(engine, of, SIZE)
    const all = pixels(SIZE)
    const images = Array.from({ length: IMAGES }, (_, i) => all.subarray(i * SIZE ** 2 * 3, (i + 1) * SIZE ** 2 * 3))
    const rows = await features.program.run(images)
    await features.dispose()
    assert.equal(features.dim, golden.copy_features[0].length)
    // float32 against float64, through two blocks; a fourth root of a small mean magnifies what rounding left of it.
    for (const [i, row] of rows.entries())
      for (const [k, value] of row.entries())
        assert.ok(Math.abs(value - golden.copy_features[i][k]) < 2e-4, `${value} for ${golden.copy_features[i][k]}`)
  })
}

const flat = (rows: number[][]) => Float32Array.from(rows.flat())
const { copies: facts, dim } = golden
const of: Copies = {
  dim,
  originals: { features: flat(facts.originals), names: facts.original_names },
  copies: { features: flat(facts.copies), names: facts.copy_names },
  distractors: flat(facts.distractors),
  whitening: null
}
const cases = { plain: null, whitened: flat(facts.whitening), whitened_by_few: flat(facts.few) }

for (const [name, whitening] of Object.entries(cases)) {
  test(`average precisions of the copies in each folder are those of the original code: ${name}`, () => {
    const { metrics, settings, queries, bank } = evaluateCopyDetection({ ...of, whitening }, { seed: 0 })
    assert.deepEqual(Object.keys(metrics).sort(), Object.keys(facts[name]).sort())
    // Ranks are whole numbers: nothing is left of float32.
    for (const [metric, { value }] of Object.entries(metrics))
      assert.ok(Math.abs(value - facts[name][metric]) < 1e-12, `${metric} ${value} for ${facts[name][metric]}`)
    assert.deepEqual([bank, queries, settings['withoutOriginal']], [53, 21, 0])
    assert.deepEqual([settings['distractors'], settings['whitening']], [40, whitening && whitening.length / dim])
  })
}

test('a copy whose original is not there is left out and counted', () => {
  const names = of.copies.names.map((name, i) => (i < 2 ? '999900.jpg' : name))
  const { settings, queries } = evaluateCopyDetection({ ...of, copies: { ...of.copies, names } }, { seed: 0 })
  assert.deepEqual([queries, settings['withoutOriginal']], [19, 2])
})

test('copies are told by all but the last two characters of their names, without folders and ending', () => {
  assert.equal(originalOf('strong/200001.jpg'), '2000')
  assert.equal(originalOf('jpegqual/75/200000.jpg'), '2000')
  assert.equal(originalOf('sea.front-07.png'), 'sea.front-')
  assert.equal(originalOf('a/07.png'), null)
})

test('the curve of one search is summed by trapezoids', () => {
  assert.equal(trapezoidPrecision([0], 1), 1)
  // From 0 of 1 found to 1 of 2.
  assert.equal(trapezoidPrecision([1], 1), 0.25)
  assert.equal(trapezoidPrecision([], 3), 0)
})

test('eigenvectors are of unit length, at right angles, and the matrix stretches each by its eigenvalue', () => {
  const n = 40
  const random = prng(3)
  const matrix = new Float64Array(n * n)
  // Of rank 30: ten eigenvalues are 0 but for rounding, and their vectors have to be told apart all the same.
  for (let term = 0; term < 30; term++) {
    const x = Float64Array.from({ length: n }, () => random.normal())
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) matrix[i * n + j]! += x[i]! * x[j]!
  }
  const { values, vectors } = symmetricEigenvectors(matrix, n)
  assert.deepEqual(values, symmetricEigenvalues(matrix, n))
  const dot = (a: number, b: number) => {
    let sum = 0
    for (let k = 0; k < n; k++) sum += vectors[a * n + k]! * vectors[b * n + k]!
    return sum
  }
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) assert.ok(Math.abs(dot(a, b) - (a === b ? 1 : 0)) < 1e-12, `${a} and ${b}`)
    for (let i = 0; i < n; i++) {
      let stretched = 0
      for (let k = 0; k < n; k++) stretched += matrix[i * n + k]! * vectors[a * n + k]!
      assert.ok(Math.abs(stretched - values[a]! * vectors[a * n + i]!) < 1e-10 * values[0]!, `row ${i} of ${a}`)
    }
  }
})
