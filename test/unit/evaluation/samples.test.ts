import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawShots, stratifiedFolds } from '../../../src/evaluation/samples.ts'

/** 30 of class 0, 12 of class 1, 1 of class 3; class 2 has none. */
const labels = Int32Array.from([...new Array(30).fill(0), ...new Array(12).fill(1), 3])
const perClass = (rows: readonly number[]) => [0, 1, 2, 3].map((c) => rows.filter((row) => labels[row] === c).length)

test('a draw has as many images of each class as it may, and all of a smaller class', () => {
  const draw = drawShots({ labels, classes: 4, shots: (n) => Math.min(5, n) }, 0, 0)
  assert.deepEqual(perClass(draw), [5, 5, 0, 1])
  assert.deepEqual(
    [...new Set(draw)].sort((a, b) => a - b),
    draw
  )
})

test('draws differ, and the third is the third whatever was drawn before', () => {
  const shots = () => 1
  const draw = (index: number, seed = 0) => drawShots({ labels, classes: 4, shots }, seed, index)
  const all = Array.from({ length: 20 }, (_, index) => draw(index).join())
  assert.ok(new Set(all).size > 10)
  assert.equal(draw(3).join(), all[3])
  assert.notEqual(Array.from({ length: 20 }, (_, index) => draw(index, 1).join()).join(';'), all.join(';'))
})

test('every fold has its share of every class', () => {
  const fold = stratifiedFolds(labels, 4, { folds: 5, seed: 0 })
  for (let k = 0; k < 5; k++) {
    const [first, second] = perClass([...labels.keys()].filter((row) => fold[row] === k))
    assert.equal(first, 6)
    assert.ok(second === 2 || second === 3)
  }
})
