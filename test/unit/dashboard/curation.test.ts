import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Compile } from 'typebox/compile'
import {
  accuracyBars,
  LEAST_COSINES,
  labelsDiffer,
  NEIGHBOURS,
  outlierTitle
} from '../../../src/dashboard/features/curation/curation-words.ts'
import {
  newSelectForm,
  type SelectForm,
  STRATEGIES,
  selectionOf,
  strategiesFor,
  strategyOf
} from '../../../src/dashboard/features/curation/select-form.ts'
import { SelectImages, SelectionSource } from '../../../src/http/schemas/selection.ts'
import { LabelAccuracyQuery, NearDuplicatesQuery } from '../../../src/http/schemas/vector-list.ts'

const assigned = { prototypes: 8, index: 'exact' } as const
const taken = Compile(SelectImages)
const form = (patch: Partial<SelectForm>): SelectForm => ({ ...newSelectForm(assigned), count: '100', ...patch })

test('every strategy of the API but the named images is offered, and what is asked with it the API takes', () => {
  const all: readonly string[] = SelectionSource.properties.strategy.enum
  assert.deepEqual(STRATEGIES.map(({ name }) => name).toSorted(), all.filter((name) => name !== 'indices').toSorted())
  for (const { name } of STRATEGIES)
    for (const isLabelled of [false, true]) {
      const body = selectionOf(
        'vec_1',
        form({ strategy: name, isLabelled, seed: '7', max_similarity: '0.9', from: 'vec_2' })
      )
      assert.ok(taken.Check(body), `${name}: ${JSON.stringify(body)}`)
    }
})

test('what was typed is asked for, and what was left empty is left to the API', () => {
  const hard = selectionOf('vec_1', form({ strategy: 'hard', count: ' 30 ', seed: '7', max_similarity: '0.5' }))
  assert.deepEqual(hard, { strategy: 'hard', vector_set: 'vec_1', count: 30 })
  const balanced = selectionOf('vec_1', form({ strategy: 'balanced', seed: '7' }))
  assert.deepEqual(balanced, { strategy: 'balanced', vector_set: 'vec_1', count: 100, seed: 7 })
  const all = selectionOf('vec_1', form({ strategy: 'all', min_confidence: '0.8', neighbors: '' }))
  assert.deepEqual(all, { strategy: 'all', vector_set: 'vec_1', labels: { min_confidence: 0.8 } })
  assert.deepEqual(selectionOf('vec_1', form({ strategy: 'deduplicated' })), {
    strategy: 'deduplicated',
    vector_set: 'vec_1'
  })
  // The API names the field.
  const wrong = selectionOf('vec_1', form({ count: 'many' }))
  assert.equal(wrong && 'count' in wrong && wrong.count, 'many')
})

test('nothing is asked until a count, or a confidence, is there', () => {
  assert.equal(selectionOf('vec_1', form({ strategy: 'balanced', count: ' ' })), null)
  assert.equal(selectionOf('vec_1', form({ strategy: 'all', min_confidence: '' })), null)
  assert.notEqual(selectionOf('vec_1', form({ strategy: 'deduplicated', count: '' })), null)
})

test('a set whose images were not assigned offers no strategy by prototype, and one of files alone no labels', () => {
  const names = (set: Parameters<typeof strategiesFor>[0]) => strategiesFor(set).map(({ name }) => name)
  assert.equal(names(assigned).length, STRATEGIES.length)
  assert.deepEqual(names({ prototypes: null, index: 'scan' }), ['diverse', 'deduplicated', 'all'])
  assert.deepEqual(names({ prototypes: null, index: null }), ['diverse', 'deduplicated'])
  assert.equal(newSelectForm({ prototypes: null, index: null }).strategy, 'diverse')
  assert.equal(strategyOf('nothing').name, 'balanced')
})

test('choices are what the API takes', () => {
  const pairs = Compile(NearDuplicatesQuery)
  for (const least of LEAST_COSINES) assert.ok(pairs.Check({ min_similarity: Number(least) }), least)
  const accuracy = Compile(LabelAccuracyQuery)
  for (const neighbors of NEIGHBOURS) assert.ok(accuracy.Check({ neighbors: Number(neighbors) }), neighbors)
})

test('two labels of images that are nearly the same differ only where both have one', () => {
  const pair = (one: string | null, other: string | null) => ({
    similarity: 0.99,
    images: [one, other].map((label, index) => ({ index, name: `${index}.png`, label }))
  })
  assert.ok(labelsDiffer(pair('shirt', 'coat')))
  assert.ok(!labelsDiffer(pair('shirt', 'shirt')))
  assert.ok(!labelsDiffer(pair('shirt', null)))
  assert.ok(!labelsDiffer(pair(null, null)))
})

test('what is known of an image is said, and no more', () => {
  const known = { index: 7, name: '7.png', label: 'coat', prototype: 3, probability: 0.5, log_density: -30.25 }
  assert.match(outlierTitle(known), /^Image 7, log density -30\.[23], coat, prototype 3$/)
  const unknown = { ...known, label: null, prototype: null, log_density: null }
  assert.equal(outlierTitle(unknown), 'Image 7, log density unknown')
})

test('accuracy is shown by the confidence that it came with', () => {
  const bins = [{ from: 0.9, images: 1200, confidence: 0.97, accuracy: 0.955 }]
  assert.deepEqual(accuracyBars({ bins }), [{ label: '90–100 % sure', share: 0.955, value: '96 % of 1,200' }])
})
