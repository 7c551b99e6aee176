import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { duplicatePrototypes, uniquePrototypes } from '../../../src/math/collapse.ts'
import { nearestNeighbors, predictByVotes, voteByNeighbors } from '../../../src/math/knn.ts'
import { cosine, warmupConstant, warmupCosine } from '../../../src/math/schedules.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/oracle-math.json', import.meta.url), 'utf8'))

const closeTo = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number) => {
  assert.equal(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) <= tolerance * Math.max(1, Math.abs(expected[i]!)),
      `[${i}] ${actual[i]}`
    )
  }
}

const steps = (length: number, value: (i: number) => number) => Array.from({ length }, (_, i) => value(i))

test('learning rate, weight decay, momentum and teacher temperature follow the original code', () => {
  const { schedules } = golden
  const learningRate = { warmup: 4, peak: 0.5, end: 0.1, length: 10 }
  closeTo(
    steps(10, (i) => warmupCosine(learningRate, i)),
    schedules['lr_base0.5_final0.1_epochs5_iters2_warmup2'],
    1e-15
  )
  const decay = { start: 0.04, end: 0.4, length: 6 }
  closeTo(
    steps(6, (i) => cosine(decay, i)),
    schedules['wd_0.04_0.4_epochs2_iters3'],
    1e-15
  )
  const momentum = { start: 0.996, end: 1, length: 6 }
  closeTo(
    steps(6, (i) => cosine(momentum, i)),
    schedules['ema_0.996_1_epochs2_iters3'],
    1e-15
  )
  const temperature = { start: 0.04, end: 0.07, warmup: 3 }
  closeTo(
    steps(5, (i) => warmupConstant(temperature, i)),
    schedules['teacher_temp_0.04_0.07_warm3_epochs5'],
    1e-15
  )
})

test('weighted nearest neighbours agree with the oracle', () => {
  const { knn } = golden
  const bank = Float32Array.from(knn.train_features.flat())
  const queries = Float32Array.from(knn.test_features.flat())
  const neighbors = nearestNeighbors({ bank, queries, dim: 5, k: knn.k })
  assert.deepEqual([...neighbors.indices], knn.neighbour_indices.flat())
  closeTo(neighbors.similarities, knn.neighbour_similarities.flat(), 1e-6)
  const votes = voteByNeighbors(neighbors, { labels: knn.train_labels, classes: 3, temperature: knn.temperature })
  // float32 features: 1e-7 of a cosine is 1.4e-6 of exp(sim / 0.07).
  closeTo(votes, knn.votes.flat(), 1e-5)
  assert.deepEqual([...predictByVotes(votes, 3)], knn.prediction)
})

test('prototype de-duplication keeps what the oracle keeps', () => {
  const { prototypes } = golden
  const found = duplicatePrototypes(Float32Array.from(prototypes.prototypes.flat()), 4, prototypes.unique_epsilon)
  const kept = [...found.keys()].filter((k) => found[k] === k)
  assert.deepEqual(kept, prototypes.unique_kept)
  assert.equal(uniquePrototypes(found), kept.length)
  assert.equal(found[5], 2)
})
