import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatasetVersion } from '../../../../src/domain/dataset.ts'
import { listImages } from '../../../../src/services/datasets/dataset-images.ts'
import { listLabelled, readImage } from '../../../../src/services/datasets/labelled-images.ts'
import { createShardTables } from '../../../../src/services/datasets/shard-tables.ts'
import { memoryObjects } from '../../../helpers/memory-objects.ts'

const version = { prefix: 'datasets/ds_1/v1' } as DatasetVersion // only the prefix is read

/** A name that looks like a field, as only a hostile one does. */
const NAME = '"label":7,ü'

/** Shards of images whose labels are given. */
function store(shards: readonly (readonly (number | null)[])[]) {
  const objects = memoryObjects()
  const put = (name: string, text: string) => objects.content.set(`${version.prefix}/${name}`, Buffer.from(text))
  let index = 0
  for (const [shard, labels] of shards.entries()) {
    const lines = labels.map((label, i) => {
      const record = {
        name: `${NAME} ${index++}`,
        format: 'png',
        width: 4,
        height: 4,
        channels: 3,
        offset: i,
        bytes: 1
      }
      return `${JSON.stringify({ ...record, label, sha256: 'a' })}\n`
    })
    put(`s${shard}.jsonl`, lines.join(''))
  }
  const entries = shards.map(({ length }, i) => ({ name: `s${i}.bin`, index: `s${i}.jsonl`, images: length }))
  put('manifest.json', JSON.stringify({ shards: entries }))
  let reads = 0
  const { getRange } = objects
  objects.getRange = async (...args) => {
    reads++
    return getRange(...args)
  }
  return { objects, tables: createShardTables(objects), reads: () => reads }
}

const indexes = ({ data }: { readonly data: readonly { readonly index: number }[] }) => data.map(({ index }) => index)

async function readAll(reading: ReturnType<typeof store>, label: number, limit: number): Promise<number[]> {
  const seen: number[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listLabelled>> = await listLabelled(reading, version, { limit, after, label })
    seen.push(...indexes(page))
    after = page.nextCursor
  } while (after !== null)
  return seen
}

test('every image of a label is listed once, whatever lies between and wherever shards end', async () => {
  const shards = [[0, 1, null, 1], [], [2, 1], [0, 0], [1]]
  const all = shards.flat()
  for (const label of [0, 1, 2, 3]) {
    const expected = all.flatMap((one, index) => (one === label ? [index] : []))
    for (const limit of [1, 2, 100]) assert.deepEqual(await readAll(store(shards), label, limit), expected)
  }
})

test('a page that is full says whether there is more', async () => {
  const reading = store([[1, 1], [0, 1], [0]])
  const first = await listLabelled(reading, version, { limit: 3, after: null, label: 1 })
  assert.deepEqual([indexes(first), first.hasMore, first.nextCursor], [[0, 1, 3], false, null])
})

test('a cursor goes on in the list of all images, and the other way round', async () => {
  const reading = store([
    [0, 1, 0, 1],
    [0, 1]
  ])
  const some = await listLabelled(reading, version, { limit: 1, after: null, label: 1 })
  const all = await listImages(reading.objects, version, { limit: 2, after: some.nextCursor })
  assert.deepEqual(indexes(all), [3, 4])
  const back = await listLabelled(reading, version, { limit: 9, after: all.nextCursor, label: 1 })
  assert.deepEqual(indexes(back), [5])
})

test('an image is read by its number, and its index not twice', async () => {
  const reading = store([[0, 1], [null]])
  const image = await readImage(reading, version, 2)
  assert.deepEqual(
    [image?.index, image?.name, image?.label, image?.offset, image?.content],
    [2, `${NAME} 2`, null, 0, `${version.prefix}/s1.bin`]
  )
  const reads = reading.reads()
  assert.equal((await readImage(reading, version, 2))?.name, `${NAME} 2`)
  assert.equal(reading.reads(), reads + 1, 'its line alone')
  assert.equal(await readImage(reading, version, 3), null)
})

test('a request looks at so many lines for the first time, and the next goes on behind them', async () => {
  const reading = store([[], [], [], [], []])
  const { content } = reading.objects
  const images = [0, 1, 2, 3, 4].map((i) => (i === 4 ? 60_001 : 60_000))
  for (const [i, length] of images.entries()) {
    const lines = `${'{"label":0}\n'.repeat(60_000)}${length > 60_000 ? '{"label":1}\n' : ''}`
    content.set(`${version.prefix}/s${i}.jsonl`, Buffer.from(lines))
  }
  const shards = images.map((length, i) => ({ name: `s${i}.bin`, index: `s${i}.jsonl`, images: length }))
  content.set(`${version.prefix}/manifest.json`, Buffer.from(JSON.stringify({ shards })))
  const first = await listLabelled(reading, version, { limit: 5, after: null, label: 1 })
  assert.deepEqual([first.data, first.hasMore], [[], true])
  const second = await listLabelled(reading, version, { limit: 5, after: first.nextCursor, label: 1 })
  assert.deepEqual([indexes(second), second.hasMore], [[300_000], false])
})

test('what could not be read once is tried again', async () => {
  const reading = store([[0]])
  const { getRange } = reading.objects
  reading.objects.getRange = () => Promise.reject(new Error('away'))
  await assert.rejects(readImage(reading, version, 0), /away/)
  reading.objects.getRange = getRange
  assert.equal((await readImage(reading, version, 0))?.index, 0)
})
