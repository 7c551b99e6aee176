import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countExemplars } from '../../../src/base/exemplars.ts'

const won = (prototype: number, probability: number, cosine = 0.5) => ({ prototype, probability, cosine })

test('prototypes come by the images that they win, with the surest of these first', () => {
  const counts = countExemplars(4)
  for (const one of [won(2, 0.4), won(1, 0.9), won(2, 0.7), won(2, 0.6), won(1, 0.8)]) counts.add(one)
  const seen = counts.seen('teacher', ['cat', 'dog', 'cat', 'dog', 'dog'])
  assert.deepEqual([seen.posterior, seen.images, seen.prototypes], ['teacher', 5, 4])
  assert.deepEqual(
    seen.used.map(({ prototype, usage, exemplars }) => [prototype, usage, exemplars.map(({ index }) => index)]),
    [
      [2, 3, [2, 3, 0]],
      [1, 2, [1, 4]]
    ]
  )
  assert.deepEqual(seen.used[0]?.labels, [
    { label: 'cat', images: 2 },
    { label: 'dog', images: 1 }
  ])
})

test('among images of which a prototype is equally sure, the nearest come first', () => {
  const counts = countExemplars(1)
  for (const cosine of [0.2, 0.9, 0.5]) counts.add(won(0, 1, cosine))
  const [only] = counts.seen('model', []).used
  assert.deepEqual(
    only?.exemplars.map(({ index }) => index),
    [1, 2, 0]
  )
})

test('of each prototype twelve are kept, of very many prototypes fewer, and all are counted', () => {
  for (const [prototypes, kept] of [
    [10, 12],
    [20_000, 10],
    [65_536, 3]
  ] as const) {
    const counts = countExemplars(prototypes)
    for (let i = 0; i < 50; i++) counts.add(won(7, i / 50))
    const [only] = counts.seen('teacher', []).used
    assert.deepEqual([only?.usage, only?.exemplars.length, only?.exemplars[0]?.index], [50, kept, 49])
  }
})

test('numbers are labels by their digits, images without one count as images alone', () => {
  const counts = countExemplars(2)
  for (let i = 0; i < 3; i++) counts.add(won(0, 0.5))
  const [only] = counts.seen('fitted', [3, null, 3]).used
  assert.deepEqual([only?.usage, only?.labels], [3, [{ label: '3', images: 2 }]])
})
