import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownedPrefixOf } from '../../../src/domain/owned-prefix.ts'
import { usedBy } from '../../../src/domain/removal.ts'
import { chooseIndex, MOST_EXACT } from '../../../src/domain/vector-set.ts'

test('a key belongs to what its first names say, and a key that Kappa never makes to nobody', () => {
  const prefixes = {
    'datasets/ds_1/v3/shard-00000.bin': 'datasets/ds_1/v3/',
    'uploads/weights/up_1/a.zip': 'uploads/weights/up_1/',
    'runs/run_1/e2/s10/below/state.json': 'runs/run_1/e2/s10/',
    'models/mdl_1/embed.onnx': 'models/mdl_1/',
    'evaluations/eval_1/linear-3-abc': 'evaluations/eval_1/'
  }
  for (const [key, prefix] of Object.entries(prefixes)) assert.equal(ownedPrefixOf(key)?.prefix, prefix)
  for (const key of ['shoes/1.png', 'runs/run_1/e2/s10', 'datasets/ds_1/x', 'models', 'toString/a/b/c/d'])
    assert.equal(ownedPrefixOf(key), null, key)
})

test('of what still uses something at most twenty are named', () => {
  const none = { runs: [], evaluations: [], models: [], versions: [], vectorSets: [], batches: [] }
  assert.equal(usedBy(none), null)
  const many = Array.from({ length: 30 }, (_, i) => `run_${i}`)
  assert.deepEqual(usedBy({ ...none, versions: ['ds_1@2'] }), ['ds_1@2'])
  assert.equal(usedBy({ ...none, runs: many, models: ['mdl_1'] })?.length, 20)
})

const of = (images: number, dimensions: number, hasPgvector: boolean) => {
  const chosen = chooseIndex({ images, dimensions }, hasPgvector)
  return typeof chosen === 'string' ? chosen : chosen.reason
}

test('with pgvector few images are compared one by one, and more are found by a graph', () => {
  assert.equal(of(MOST_EXACT, 384, true), 'exact')
  assert.equal(of(MOST_EXACT + 1, 384, true), 'hnsw')
  assert.equal(of(MOST_EXACT, 5000, true), 'exact')
  assert.match(of(MOST_EXACT + 1, 4001, true), /takes 4000 dimensions or fewer .* and the model has 4001/)
})

test('without it as many are as can be read in seconds', () => {
  assert.equal(of(20_833, 384, false), 'scan')
  assert.match(of(20_834, 384, false), /pgvector 0\.8 or later for more than 20833 images of 384 dimensions/)
})
