import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { Stores, UnitOfWork } from '../../../src/domain/stores.ts'
import type { VectorSet } from '../../../src/domain/vector-set.ts'
import type { VectorLists } from '../../../src/domain/vector-stores.ts'
import { createVectorListService } from '../../../src/services/vector-sets/vector-lists.ts'

const SET = { id: 'vec_1', status: 'succeeded', index: 'exact', modelId: 'mdl_1' } as VectorSet

/** Statements that give an image each, of so many with a label. */
function listsOf(images: number) {
  const asked: (string | null)[] = []
  const state = { isAway: false }
  const vectors: Pick<VectorLists, 'labelNeighbors' | 'countLabelled'> = {
    countLabelled: async () => images,
    async labelNeighbors(_, { page: { after } }) {
      asked.push(after)
      if (state.isAway) throw new AppError('database_unavailable')
      const index = Number(after ?? 0)
      const image = { index, name: 'a', label: 'x', prototype: null, probability: null, logDensity: null }
      const data = index < images ? [{ image, neighbors: [{ label: 'x', similarity: 1 }] }] : []
      const hasMore = index + 1 < images
      return { data, hasMore, nextCursor: hasMore ? String(index + 1) : null }
    }
  }
  const stores = { vectorSets: { find: async () => SET }, vectors } as unknown as Stores // as much as is asked
  const unitOfWork = ((work: (tx: Stores) => unknown) => work(stores)) as unknown as UnitOfWork
  const { labelAccuracy } = createVectorListService({ stores, unitOfWork })
  return { asked, state, ask: (sample: number) => labelAccuracy('prj_1', SET.id, { from: null, neighbors: 1, sample }) }
}

test('a sample is asked in several statements, each behind the one before, until it is whole', async () => {
  const { asked, ask } = listsOf(100)
  assert.equal((await ask(3)).sampled, 3)
  assert.deepEqual(asked, [null, '1', '2'])
})

test('a set that has fewer is asked no further', async () => {
  const { asked, ask } = listsOf(2)
  assert.equal((await ask(5)).sampled, 2)
  assert.equal(asked.length, 2)
})

test('a request takes twenty statements at the most, and says how many images that were', async () => {
  const { asked, ask } = listsOf(100)
  const { sampled, labelled } = await ask(50)
  assert.deepEqual([sampled, labelled, asked.length], [20, 100, 20])
})

test('those who ask for the same at once wait for one computation, and whoever asks later for none', async () => {
  const { asked, ask } = listsOf(100)
  const answers = await Promise.all([ask(3), ask(3), ask(3)])
  assert.equal(asked.length, 3)
  assert.deepEqual(await ask(3), answers[0])
  assert.equal(asked.length, 3)
  assert.equal((await ask(4)).sampled, 4, 'another question has its own answer')
  assert.equal(asked.length, 7)
})

test('a computation that fails is told to all who wait, and begun anew by the next', async () => {
  const { asked, ask, state } = listsOf(100)
  state.isAway = true
  for (const { status } of await Promise.allSettled([ask(3), ask(3)])) assert.equal(status, 'rejected')
  assert.equal(asked.length, 1)
  state.isAway = false
  assert.equal((await ask(3)).sampled, 3)
})
