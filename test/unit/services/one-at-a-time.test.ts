/** What computes for long beside requests: however many a project asks for, one is at work. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppError } from '../../../src/base/errors.ts'
import type { Stores } from '../../../src/domain/stores.ts'
import { createMatching } from '../../../src/services/models/matching.ts'
import { createVectorListService } from '../../../src/services/vector-sets/vector-lists.ts'

/** Work that ends when told, and how much of it was under way. */
function watched<T>(answer: T) {
  const ends: (() => void)[] = []
  let [running, most] = [0, 0]
  const work = async (): Promise<T> => {
    most = Math.max(most, ++running)
    await new Promise<void>((end) => void ends.push(end))
    running--
    return answer
  }
  return { work, endFirst: () => ends.shift()?.(), waiting: () => ends.length, most: () => most }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
const set = { id: 'vec_1', projectId: 'p', modelId: 'm', status: 'succeeded', index: 'exact', prototypes: 8 }
const aSet = { ...set, dataset: { datasetId: 'ds_1', version: 1 } }
const vectorSets = {
  find: async () => aSet,
  list: async () => ({ data: [aSet], hasMore: false, nextCursor: null })
}
/** As far as it is asked. */
const storesOf = (vectors: object) => ({ vectorSets, vectors }) as unknown as Pick<Stores, 'vectorSets' | 'vectors'>

async function checkTurns(ask: (projectId: string) => Promise<unknown>, seen: ReturnType<typeof watched>) {
  const own = [ask('p'), ask('p'), ask('p')]
  await settled()
  assert.equal(seen.waiting(), 1, 'of one project')
  const other = ask('another')
  await settled()
  assert.equal(seen.waiting(), 2, 'another project does not wait for it')
  while (seen.waiting() > 0) {
    seen.endFirst()
    await settled()
  }
  await Promise.all([...own, other])
  assert.equal(seen.most(), 2)
}

test('near-duplicates of one project are looked for one page at a time', async () => {
  const pairs = watched({ data: [], hasMore: false, nextCursor: null })
  const stores = storesOf({ nearPairs: pairs.work })
  const lists = createVectorListService({ stores, unitOfWork: (work) => work(stores as Stores) })
  await checkTurns((project) => lists.nearPairs(project, 'vec_1', { limit: 5, after: null, minSimilarity: 0.9 }), pairs)
})

test('prototypes of one project are matched for one request at a time', async () => {
  const overlaps = watched([])
  const models = { getWithHead: async () => ({ id: 'm', projectId: 'p', name: null, version: null }) as never }
  const matching = createMatching({ stores: storesOf({ overlaps: overlaps.work }), models })
  const request = { model: 'm', against: 'm', dataset: null, minSimilarity: 0 }
  await checkTurns((project) => matching(project, request), overlaps)
})

test('who finds many waiting is told to come back, and those who wait have their turns', async () => {
  const pairs = watched({ data: [], hasMore: false, nextCursor: null })
  const stores = storesOf({ nearPairs: pairs.work })
  const lists = createVectorListService({ stores, unitOfWork: (work) => work(stores as Stores) })
  const ask = () => lists.nearPairs('p', 'vec_1', { limit: 5, after: null, minSimilarity: 0.9 })
  const asked = Array.from({ length: 20 }, () =>
    ask().then(
      () => 'done',
      (error: AppError) => error.code
    )
  )
  for (await settled(); pairs.waiting() > 0; await settled()) pairs.endFirst()
  const answers = await Promise.all(asked)
  assert.deepEqual([answers.slice(0, 17), answers.slice(17)], [Array(17).fill('done'), Array(3).fill('overloaded')])
  assert.equal(pairs.most(), 1)
  const again = ask()
  await settled()
  pairs.endFirst()
  await again // the places are free again
})
