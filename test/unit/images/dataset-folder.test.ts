import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { createDatasetWriter } from '../../../src/images/dataset-writer.ts'
import { drawImage, withTemporaryFolder, writeRawDataset } from '../../helpers/images.ts'

const size = { width: 10, height: 6, channels: 1 } as const

test('what was written is read back, image by image', () =>
  withTemporaryFolder(async (folder) => {
    const manifest = await writeRawDataset(folder, 12, size)
    assert.deepEqual(manifest.sizes, { '16x8': 12 })
    assert.equal(manifest.bytes, 12 * 60)
    const dataset = await openDatasetFolder(folder)
    assert.deepEqual(dataset.manifest, manifest)
    assert.equal(dataset.records[7]?.label, 1)
    assert.deepEqual(await dataset.read(7), drawImage(size, 7).data)
    assert.deepEqual(await dataset.read(11), drawImage(size, 11).data)
    await assert.rejects(dataset.read(12), /image 12 of 12/)
    await dataset.close()
  }))

test('the manifest has the hashes of the files', () =>
  withTemporaryFolder(async (folder) => {
    const { shards } = await writeRawDataset(folder, 3, size)
    const hash = async (name: string) =>
      createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex')
    assert.equal(shards.length, 1)
    assert.equal(shards[0]?.sha256, await hash('shard-00000.bin'))
    assert.equal(shards[0]?.indexSha256, await hash('shard-00000.jsonl'))
  }))

test('equal images are taken once; the others are counted and recorded with the first one’s name', () =>
  withTemporaryFolder(async (folder) => {
    const writer = await createDatasetWriter(folder)
    const image = { ...drawImage(size), format: 'raw', label: null } as const
    assert.equal(await writer.add({ ...image, name: 'a', bytes: image.data }), true)
    assert.equal(await writer.add({ ...image, name: 'b', bytes: image.data }), false)
    const manifest = await writer.finish(null)
    assert.deepEqual([manifest.images, manifest.duplicates, manifest.rejected], [1, 1, 1])
    const rejected = JSON.parse(await readFile(join(folder, 'rejected.jsonl'), 'utf8'))
    assert.deepEqual(rejected, { name: 'b', code: 'duplicate', message: 'The same bytes as a.' })
  }))

test('the content hash depends on content, order and labels, not on the place', async () => {
  const hashOf = (labels: readonly number[], order: readonly number[]) =>
    withTemporaryFolder(async (folder) => {
      const writer = await createDatasetWriter(folder)
      for (const i of order) {
        await writer.add({ ...size, name: `${i}`, format: 'raw', label: labels[i]!, bytes: drawImage(size, i).data })
      }
      return (await writer.finish(['x', 'y'])).contentHash
    })
  const first = await hashOf([0, 1], [0, 1])
  assert.equal(await hashOf([0, 1], [0, 1]), first)
  assert.notEqual(await hashOf([1, 1], [0, 1]), first)
  assert.notEqual(await hashOf([0, 1], [1, 0]), first)
})

test('a folder without manifest, with a cut off shard or with a short index is refused', () =>
  withTemporaryFolder(async (folder) => {
    const isDamaged = (pattern: RegExp) => (error: unknown) =>
      isAppError(error, 'storage_unavailable') && pattern.test(error.message)
    await assert.rejects(openDatasetFolder(folder), isDamaged(/no dataset in/))
    await writeRawDataset(folder, 5, size)
    await truncate(join(folder, 'shard-00000.bin'), 100)
    const dataset = await openDatasetFolder(folder)
    await assert.rejects(dataset.read(4), isDamaged(/image 4 ends after 0 of 60 bytes/))
    await dataset.close()
    await writeFile(join(folder, 'shard-00000.jsonl'), '{}\n')
    await assert.rejects(openDatasetFolder(folder), isDamaged(/has 1 lines/))
  }))
