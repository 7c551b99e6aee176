/** Imported weights compute what PyTorch, timm and transformers compute with them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { type ImportedWeights, importWeights } from '../../../src/interop/import-weights.ts'
import { resamplePositions } from '../../../src/interop/position-table.ts'
import { assignProgram, embedProgram } from '../../../src/model/programs.ts'
import type { WeightOptions } from '../../../src/recipe/weight-options.ts'
import { golden, IMAGES, pixels, WEIGHTS_FOLDER } from './golden.ts'

/** Both sides compute in float32, in other orders; a wrong weight is off by 1e-2 and more. */
const TOLERANCE = 1e-4
const engine = createEngine({ name: 'cpu' })
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const HALVES = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
const IN_HALVES = new Set(['hf-vit', 'timm-vit'])

const read = (name: string, options: WeightOptions = {}) => {
  const { file, heads } = golden.cases[name]!
  return importWeights(join(WEIGHTS_FOLDER, file), { ...(heads ? { heads } : {}), ...options })
}

async function compute(name: string, { network, weights, hasHead }: ImportedWeights) {
  const normalization = IN_HALVES.has(name) ? HALVES : IMAGENET
  const program = await engine.load((hasHead ? assignProgram : embedProgram)({ network, normalization }))
  const outputs = await program.run({ ...weights, images: pixels(network.imageSize, network.channels) })
  await program.dispose()
  return outputs
}

function assertRows(actual: Float32Array, expected: readonly (readonly number[])[], what: string): void {
  const flat = expected.flat()
  assert.equal(actual.length, flat.length, what)
  flat.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= TOLERANCE, `${what}[${i}]: ${actual[i]} instead of ${value}`)
  })
}

for (const [name, { embeddings }] of Object.entries(golden.cases)) {
  if (embeddings === undefined) continue
  for (const [size, expected] of Object.entries(embeddings)) {
    test(`${name} at ${size} px embeds as its own code does`, async () => {
      const imported = await read(name, { imageSize: Number(size) })
      assert.equal(expected.length, IMAGES)
      assertRows((await compute(name, imported))['embedding']!, expected, 'embedding')
    })
  }
}

for (const name of ['dino-full', 'ibot-full']) {
  for (const network of ['teacher', 'student'] as const) {
    test(`the head of the ${network} in ${name} assigns as its own code does`, async () => {
      const imported = await read(name, { network })
      const expected = golden.cases[name]!.networks![network]
      const outputs = await compute(name, imported)
      for (const part of ['embedding', 'bottleneck', 'cosine'] as const)
        assertRows(outputs[part]!, expected[part], part)
      assert.deepEqual([...imported.weights['head.last_layer.weight_g']!], expected.norms)
      assert.equal(imported.files.trainingArguments.get('teacher_temp'), 0.07)
      assert.equal(imported.files.epochs, 800)
      // The loss has the teacher's center; a student has none.
      assert.equal(imported.center?.length ?? null, network === 'teacher' ? 12 : null)
    })
  }
}

for (const [side, ways] of Object.entries(golden.resampled.sizes)) {
  for (const [resampling, expected] of Object.entries(ways)) {
    test(`positions go from 5 × 5 to ${side} × ${side} by ${resampling} as in PyTorch`, () => {
      const table = Float32Array.from([[7, 8], ...golden.resampled.table].flat())
      const grids = { from: 5, to: Number(side), resampling: resampling as keyof typeof ways }
      const actual = resamplePositions(table, grids)
      // PyTorch places the samples in float32: 4e-6 of a value of 3.5.
      assert.deepEqual([...actual.subarray(0, 2)], [7, 8], 'the class token keeps its position')
      expected.flat().forEach((value, i) => {
        assert.ok(Math.abs(actual[2 + i]! - value) < 1e-5, `[${i}] ${actual[2 + i]} instead of ${value}`)
      })
    })
  }
}
