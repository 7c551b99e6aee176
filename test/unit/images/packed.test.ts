import assert from 'node:assert/strict'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { npyHead } from '../../../src/base/npy.ts'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { ingest } from '../../../src/images/ingest.ts'
import type { ImageChoice, PackedSource, VectorFiles } from '../../../src/protocol/ingest-messages.ts'
import { idxOf, zipOf } from '../../helpers/archives.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

const SIZE = { width: 20, height: 16, channels: 3 } as const
const DIMENSIONS = 6

/** Twelve images in files of two classes, and of four without one; two shards or more. */
async function pack(folder: string): Promise<string> {
  const content = await Promise.all(Array.from({ length: 12 }, (_, i) => encodeImage(drawImage(SIZE, i), 'png')))
  const files = content.map((bytes, i) => ({ name: `${i < 8 ? `${'ab'[i % 2]}/` : ''}${i}.png`, content: bytes }))
  const path = join(folder, 'images.zip')
  await writeFile(path, zipOf(files))
  const outFolder = join(folder, 'packed')
  await ingest({ sources: [{ kind: 'file', path, name: 'images.zip' }], outFolder, limits: { shardBytes: 1500 } })
  return outFolder
}

/** Image i is of prototype i mod 3 or, for the last two, 0; near its axis by as much as it has come early. */
async function vectorsOf(folder: string, images = 12): Promise<VectorFiles> {
  const rows = new Float32Array(images * DIMENSIONS)
  const prototypes = Array.from({ length: images }, (_, i) => (i >= 10 ? 0 : i % 3))
  for (const [image, prototype] of prototypes.entries()) {
    const angle = 0.05 * image
    rows[image * DIMENSIONS + prototype] = Math.cos(angle)
    rows[image * DIMENSIONS + 3 + (image % 3)] = Math.sin(angle)
  }
  const [vectorsPath, imagesPath] = [join(folder, 'vectors.npy'), join(folder, 'images.jsonl')]
  await writeFile(vectorsPath, Buffer.concat([npyHead(images, DIMENSIONS), Buffer.from(rows.buffer)]))
  await writeFile(imagesPath, prototypes.map((prototype) => `${JSON.stringify({ prototype })}\n`).join(''))
  return { vectorsPath, imagesPath, dimensions: DIMENSIONS }
}

async function select(folder: string, packed: Omit<PackedSource, 'folder'>, out: string, replay?: number) {
  const from = await openDatasetFolder(join(folder, 'packed'))
  const { classes } = from.manifest
  await from.close()
  const outFolder = join(folder, out)
  const manifest = await ingest({
    sources: [],
    packed: { folder: join(folder, 'packed'), ...packed },
    outFolder,
    limits: { shardBytes: 1500 },
    ...(classes && { classes }),
    ...(replay !== undefined && { journal: { replay } })
  })
  return { manifest, outFolder }
}

const namesIn = async (folder: string): Promise<string[]> => {
  const dataset = await openDatasetFolder(folder)
  await dataset.close()
  return dataset.records.map(({ name }) => name)
}

test('images keep names, bytes and the numbers of their classes, also where a class has none any more', async () => {
  await withTemporaryFolder(async (folder) => {
    const from = await openDatasetFolder(await pack(folder))
    const choice: ImageChoice = { strategy: 'indices', indices: [9, 1, 3] }
    const { manifest, outFolder } = await select(folder, { choice, vectors: null, labelsPath: null }, 'chosen')
    assert.deepEqual([manifest.images, manifest.classes, manifest.rejected], [3, ['a', 'b'], 0])
    assert.equal(manifest.report?.images, 3)
    const made = await openDatasetFolder(outFolder)
    const byName = new Map(from.records.map((record, i) => [record.name, { record, i }]))
    for (const [i, record] of made.records.entries()) {
      const { record: source, i: at } = byName.get(record.name) ?? assert.fail(record.name)
      const { offset: _, ...known } = source
      const { offset: __, ...kept } = record
      assert.deepEqual(kept, known)
      assert.deepEqual(await made.read(i), await from.read(at))
    }
    await from.close()
    await made.close()
  })
})

test('labels are given to images that have none, and to no other', async () => {
  await withTemporaryFolder(async (folder) => {
    const from = await openDatasetFolder(await pack(folder))
    await from.close()
    const labelsPath = join(folder, 'labels.jsonl')
    await writeFile(labelsPath, Array.from({ length: 11 }, (_, i) => `[${i},1]\n`).join(''))
    const { outFolder } = await select(folder, { choice: { strategy: 'all' }, vectors: null, labelsPath }, 'all')
    const made = await openDatasetFolder(outFolder)
    await made.close()
    assert.deepEqual(
      made.records.map(({ label }) => label),
      from.records.map(({ label }, i) => label ?? (i < 11 ? 1 : null))
    )
  })
})

test('each strategy takes what it says, and the same again', async () => {
  await withTemporaryFolder(async (folder) => {
    const names = await namesIn(await pack(folder))
    const vectors = await vectorsOf(folder)
    let tries = 0
    const chosen = async (choice: ImageChoice) => {
      const once = await select(folder, { choice, vectors, labelsPath: null }, `try-${tries++}`)
      const again = await select(folder, { choice, vectors, labelsPath: null }, `try-${tries++}`)
      assert.equal(once.manifest.contentHash, again.manifest.contentHash)
      return (await namesIn(once.outFolder)).map((name) => names.indexOf(name))
    }
    const prototypeOf = (image: number) => (image >= 10 ? 0 : image % 3)
    const balanced = await chosen({ strategy: 'balanced', count: 6, seed: 1 })
    assert.deepEqual(balanced.map(prototypeOf).sort(), [0, 0, 1, 1, 2, 2])
    assert.notDeepEqual(await chosen({ strategy: 'balanced', count: 6, seed: 2 }), balanced)
    const three = await chosen({ strategy: 'diverse', count: 3, seed: 0 })
    assert.deepEqual(three.map(prototypeOf).sort(), [0, 1, 2], 'three directions have one each')
    const [hard, typical] = [
      await chosen({ strategy: 'hard', count: 4 }),
      await chosen({ strategy: 'typical', count: 8 })
    ]
    assert.deepEqual(
      [...hard, ...typical].sort((a, b) => a - b),
      names.map((_, i) => i),
      'one is what the other is not'
    )
    assert.ok(hard.includes(11), 'furthest from its axis')
    const apart = await chosen({ strategy: 'deduplicated', maxSimilarity: 0.98 })
    assert.ok(apart.includes(0) && apart.length > 3 && apart.length < 12, String(apart))
  })
})

test('it goes on behind shards that are kept, and ends in the same bytes', async () => {
  await withTemporaryFolder(async (folder) => {
    await pack(folder)
    const vectors = await vectorsOf(folder)
    const choice: ImageChoice = { strategy: 'balanced', count: 9, seed: 1 }
    const { manifest, outFolder } = await select(folder, { choice, vectors, labelsPath: null }, 'whole', 0)
    assert.ok(manifest.shards.length > 2)
    await mkdir(join(folder, 'later'))
    await copyFile(join(outFolder, 'shard-00000.journal'), join(folder, 'later', 'shard-00000.journal'))
    const again = await select(folder, { choice, vectors, labelsPath: null }, 'later', 1)
    assert.deepEqual(again.manifest, manifest)
  })
})

test('pixels of IDX files stay pixels, with their numbers', async () => {
  await withTemporaryFolder(async (folder) => {
    const size = { width: 8, height: 8, channels: 1 } as const
    const images = Array.from({ length: 4 }, (_, i) => drawImage(size, i).data)
    const paths = { images: join(folder, 'a-idx3-ubyte'), labels: join(folder, 'a-idx1-ubyte') }
    await writeFile(paths.images, idxOf([4, 8, 8], Buffer.concat(images)))
    await writeFile(paths.labels, idxOf([4], Buffer.from([3, 0, 3, 1])))
    const sources = Object.entries(paths).map(([name, path]) => ({ kind: 'file', path, name }) as const)
    await ingest({ sources, outFolder: join(folder, 'packed') })
    const choice: ImageChoice = { strategy: 'indices', indices: [0, 3] }
    const { manifest, outFolder } = await select(folder, { choice, vectors: null, labelsPath: null }, 'chosen')
    const made = await openDatasetFolder(outFolder)
    assert.deepEqual(
      made.records.map(({ format, label }) => [format, label]),
      [
        ['raw', 3],
        ['raw', 1]
      ]
    )
    assert.deepEqual(await made.read(1), images[3])
    assert.equal(manifest.classes, null)
    await made.close()
  })
})

test('vectors that are not those of the dataset are refused as damaged', async () => {
  await withTemporaryFolder(async (folder) => {
    await pack(folder)
    const vectors = await vectorsOf(folder, 11)
    for (const choice of [
      { strategy: 'diverse', count: 2, seed: 0 },
      { strategy: 'balanced', count: 2, seed: 0 }
    ] as const) {
      const making = select(folder, { choice, vectors, labelsPath: null }, choice.strategy)
      await assert.rejects(making, { code: 'object_damaged' })
    }
  })
})
