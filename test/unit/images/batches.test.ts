import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { isAppError } from '../../../src/base/errors.ts'
import { createDatasetWriter } from '../../../src/images/dataset-writer.ts'
import { inspectImage } from '../../../src/images/inspect.ts'
import type { createLoaderPool } from '../../../src/images/loader-pool.ts'
import { allocateCrops } from '../../../src/images/multi-crop.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { createBatches } from '../../../src/training/batches.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { drawImage, encodeImage, withTemporaryFolder, writeRawDataset } from '../../helpers/images.ts'

const recipe = resolveRecipe({
  preset: 'mu',
  method: 'ibot-vmf',
  seed: 5,
  hyperparameters: { epochs: 2, batchSize: 40 }
})

async function hashesOf(
  datasetFolder: string,
  loaders: number,
  steps: readonly number[],
  of = recipe
): Promise<string[]> {
  const batches = await createBatches({ datasetFolder, recipe: of, loaders })
  try {
    const hashes: string[] = []
    for (const step of steps) {
      const { globalCrops, localCrops, masks } = await batches.next(step)
      assert.ok(masks.includes(1) && masks.includes(0))
      hashes.push(createHash('sha256').update(globalCrops).update(localCrops).update(masks).digest('hex'))
    }
    return hashes
  } finally {
    await batches.close()
  }
}

test('the number of loaders changes nothing, for raw and for encoded images', () =>
  withTemporaryFolder(async (folder) => {
    const writer = await createDatasetWriter(folder)
    for (let i = 0; i < 90; i++) {
      const image = drawImage({ width: 30 + (i % 5), height: 28, channels: i % 2 === 0 ? 3 : 1 }, i)
      const format = (['raw', 'png', 'jpeg'] as const)[i % 3]!
      const bytes = format === 'raw' ? image.data : await encodeImage(image, format)
      await writer.add({ ...image, name: `${i}`, format, label: null, bytes })
    }
    assert.equal((await writer.finish(null)).images, 90)
    const steps = [0, 1, 2, 3]
    const inline = await hashesOf(folder, 0, steps)
    assert.equal(new Set(inline).size, 4)
    assert.deepEqual(await hashesOf(folder, 1, steps), inline)
    assert.deepEqual(await hashesOf(folder, 3, steps), inline)
    assert.deepEqual(await hashesOf(folder, 0, [2, 3]), inline.slice(2))
  }))

test('the number of loaders changes nothing for natural images, at crops of patch 8 and 14', () =>
  withTemporaryFolder(async (folder) => {
    const photo = await readFile(new URL('../../conformance/golden/photos/chelsea.jpg', import.meta.url))
    const writer = await createDatasetWriter(folder)
    for (let i = 0; i < 36; i++) {
      const region = { left: i * 5, top: i * 3, width: 180 + i, height: 150 + i }
      const bytes = await sharp(photo)
        .extract(region)
        .jpeg({ progressive: i % 2 === 0 })
        .toBuffer()
      await writer.add({ ...(await inspectImage(bytes)), name: `${i}.jpg`, label: null, bytes })
    }
    await writer.finish(null)
    for (const [patchSize, size, localSize] of [
      [8, 72, 40],
      [14, 98, 42]
    ] as const) {
      const natural = resolveRecipe({
        preset: 'vit-small-16',
        method: 'ibot',
        patchSize,
        hyperparameters: { batchSize: 34, epochs: 2, crops: { global: { size }, local: { count: 2, size: localSize } } }
      })
      const inline = await hashesOf(folder, 0, [0, 1], natural)
      assert.notEqual(inline[0], inline[1])
      assert.deepEqual(await hashesOf(folder, 2, [0, 1], natural), inline)
      assert.deepEqual(await hashesOf(folder, 3, [1], natural), inline.slice(1))
    }
  }))

test('an epoch shows every image once, in another order than the next, and drops what fills no batch', () =>
  withTemporaryFolder(async (folder) => {
    const size = { width: 16, height: 16, channels: 1 } as const
    const { contentHash } = await writeRawDataset(folder, 23, size)
    // Crops of the whole image without any change: each can be recognized.
    const whole: { size: number; scale: [number, number] } = { size: 16, scale: [1, 1] }
    const still = resolveRecipe({
      preset: 'mu',
      method: 'dino',
      hyperparameters: {
        batchSize: 5,
        epochs: 2,
        crops: { global: { count: 1, ...whole }, local: { count: 1, size: 8 }, aspectRatio: [1, 1] },
        augmentation: { flip: 0, jitter: { probability: 0 }, blur: { probability: [0, 0, 0] } }
      }
    })
    const batches = await createBatches({ datasetFolder: folder, recipe: still, loaders: 0 })
    assert.equal(batches.images, 23)
    assert.equal(batches.stepsPerEpoch, 4)
    assert.equal(batches.contentHash, contentHash)
    const known = new Map(Array.from({ length: 23 }, (_, i) => [drawImage(size, i).data.join(), i]))
    const epochs: number[][] = [[], []]
    for (let step = 0; step < 8; step++) {
      const { globalCrops, epoch } = await batches.next(step)
      assert.equal(epoch, Math.floor(step / 4))
      for (let i = 0; i < 5; i++) epochs[epoch]!.push(known.get(globalCrops.subarray(i * 256, i * 256 + 256).join())!)
    }
    for (const seen of epochs) assert.equal(new Set(seen).size, 20)
    assert.ok(epochs.flat().every((image) => image >= 0))
    assert.notDeepEqual(epochs[0], epochs[1])
    await batches.close()
  }))

/** Loaders that give empty crops, and what was asked of them: images a request. */
function countingLoaders(size: number): { startLoaders: typeof createLoaderPool; asked: number[] } {
  const asked: number[] = []
  const startLoaders: typeof createLoaderPool = ({ plan }) => ({
    size,
    async load(_epoch, items) {
      asked.push(items.length)
      return allocateCrops(plan, items.length)
    },
    close: async () => {}
  })
  return { startLoaders, asked }
}

test('two batches are made ahead and no more, also after a jump, and none beyond the end', () =>
  withTemporaryFolder(async (folder) => {
    await writeRawDataset(folder, 200, { width: 8, height: 8, channels: 1 })
    const { startLoaders, asked } = countingLoaders(1)
    const batches = await createBatches({ datasetFolder: folder, recipe, loaders: 1, startLoaders })
    const askedAfter = async (step: number) => {
      await batches.next(step)
      return asked.length
    }
    assert.deepEqual([await askedAfter(0), await askedAfter(1), await askedAfter(2)], [3, 4, 5])
    assert.deepEqual([await askedAfter(7), await askedAfter(8), await askedAfter(9)], [8, 8, 8])
    assert.deepEqual(new Set(asked), new Set([40]))
    await batches.close()
  }))

test('small crops are shared out by the dozen, large ones to as many loaders as there are', () =>
  withTemporaryFolder(async (folder) => {
    await writeRawDataset(folder, 90, { width: 8, height: 8, channels: 1 })
    const natural = resolveRecipe({ preset: 'vit-small-16', method: 'dino', hyperparameters: { batchSize: 40 } })
    const sharesOf = async (of: typeof recipe) => {
      const { startLoaders, asked } = countingLoaders(8)
      const batches = await createBatches({ datasetFolder: folder, recipe: of, loaders: 0, startLoaders })
      await batches.next(0)
      await batches.close()
      return asked
    }
    assert.deepEqual(await sharesOf(recipe), [16, 16, 8])
    assert.deepEqual(await sharesOf(natural), Array(8).fill(5))
  }))

test('a batch says how long it was waited for', () =>
  withTemporaryFolder(async (folder) => {
    await writeRawDataset(folder, 45, { width: 20, height: 20, channels: 1 })
    const clock = fakeClock()
    const batches = await createBatches({ datasetFolder: folder, recipe, loaders: 1, clock })
    const coming = batches.next(0)
    await clock.advance(70) // long before a thread can have started
    assert.equal((await coming).waitMs, 70)
    assert.equal((await batches.next(1)).waitMs, 0)
    await batches.close()
  }))

test('a broken image stops the batch with its name', () =>
  withTemporaryFolder(async (folder) => {
    const writer = await createDatasetWriter(folder)
    for (let i = 0; i < 40; i++) {
      const image = drawImage({ width: 20, height: 20, channels: 3 }, i)
      await writer.add({
        ...image,
        name: `photo-${i}.png`,
        format: 'png',
        label: null,
        bytes: await encodeImage(image, 'png')
      })
    }
    await writer.finish(null)
    const file = await open(join(folder, 'shard-00000.bin'), 'r+')
    await file.write(new Uint8Array(60), 0, 60, 20)
    await file.close()
    for (const loaders of [0, 2]) {
      const batches = await createBatches({ datasetFolder: folder, recipe, loaders })
      await assert.rejects(
        batches.next(0),
        (error) => isAppError(error, 'image_invalid') && /photo-0\.png/.test(error.message)
      )
      await batches.close()
    }
  }))

test('a batch larger than the dataset is refused before anything is loaded', () =>
  withTemporaryFolder(async (folder) => {
    await writeRawDataset(folder, 10, { width: 8, height: 8, channels: 1 })
    await assert.rejects(createBatches({ datasetFolder: folder, recipe, loaders: 0 }), (error) => {
      return isAppError(error, 'invalid_recipe') && error.details.errors?.[0]?.path === '/hyperparameters/batchSize'
    })
  }))

test('what is asked for after closing is refused, and closing leaves no thread', () =>
  withTemporaryFolder(async (folder) => {
    await writeRawDataset(folder, 45, { width: 20, height: 20, channels: 1 })
    const batches = await createBatches({ datasetFolder: folder, recipe, loaders: 2 })
    const pending = batches.next(0)
    pending.catch(() => {})
    await batches.close()
    await assert.rejects(pending, /closed/)
    await assert.rejects(batches.next(0), /closed/)
  }))
