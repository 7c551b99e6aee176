import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatasetVersion } from '../../../../src/domain/dataset.ts'
import { listImages } from '../../../../src/services/datasets/dataset-images.ts'
import { memoryObjects } from '../../../helpers/memory-objects.ts'

const version = { prefix: 'datasets/ds_1/v1' } as DatasetVersion // only the prefix is read

/** Shards with `sizes` images; names are long, so that lines cross the chunks that are read. */
function store(sizes: readonly number[]) {
  const objects = memoryObjects()
  let index = 0
  for (const [shard, size] of sizes.entries()) {
    const lines = Array.from(
      { length: size },
      () => `${JSON.stringify({ name: `${index++}-${'ü'.repeat(500)}`, format: 'png' })}\n`
    )
    objects.content.set(`${version.prefix}/s${shard}.jsonl`, Buffer.from(lines.join('')))
  }
  const manifest = { shards: sizes.map((_, shard) => ({ index: `s${shard}.jsonl` })) }
  objects.content.set(`${version.prefix}/manifest.json`, Buffer.from(JSON.stringify(manifest)))
  return objects
}

async function readAll(sizes: readonly number[], limit: number) {
  const objects = store(sizes)
  let readBytes = 0
  const { getRange } = objects
  objects.getRange = async (...args) => {
    const bytes = await getRange(...args)
    readBytes += bytes.length
    return bytes
  }
  const seen: number[] = []
  let after: string | null = null
  for (;;) {
    const page: Awaited<ReturnType<typeof listImages>> = await listImages(objects, version, { limit, after })
    for (const image of page.data) {
      assert.equal(Number.parseInt(image.name, 10), image.index)
      seen.push(image.index)
    }
    if (!page.hasMore) return { seen, readBytes }
    after = page.nextCursor
  }
}

const CASES: readonly (readonly [readonly number[], number])[] = [
  [[0], 5],
  [[5], 5],
  [[3, 0, 4], 2],
  [[200, 200], 100],
  [[100, 100], 100]
]

for (const [sizes, limit] of CASES) {
  test(`pages of ${limit} show every image of ${sizes.join(' + ')} once`, async () => {
    const total = sizes.reduce((sum, size) => sum + size, 0)
    const { seen } = await readAll(sizes, limit)
    assert.deepEqual(
      seen,
      Array.from({ length: total }, (_, i) => i)
    )
  })
}

test('a late page does not read the index from its beginning', async () => {
  const { readBytes } = await readAll([1000], 100)
  assert.ok(readBytes < 2 * 1000 * 1060 + 10 * 64 * 1024, `${readBytes}`)
})

test('a cursor of another list is refused', async () => {
  await assert.rejects(listImages(store([1]), version, { limit: 1, after: 'mdl_1' }), { code: 'invalid_request' })
})
