import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { cutFromLarger } from '../../../src/recipe/preprocessing.ts'
import { embedImages } from '../../../src/serving/embed-images.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

const COUNT = 10
const target = { preprocessing: cutFromLarger(8), channels: 1 }

async function writeImages(folder: string): Promise<void> {
  for (let i = 0; i < COUNT; i++) {
    const image = drawImage({ width: 10, height: 9, channels: 1 }, i)
    await writeFile(join(folder, `${i}.png`), await encodeImage(image, 'png'))
  }
  await writeFile(join(folder, '99.png'), 'no image')
}

/** The first run is the last to end. */
function createProgram(sessions: number) {
  const seen = { computing: 0, most: 0, batches: [] as number[] }
  const isLast = Promise.withResolvers<void>()
  const run = async (pixels: readonly Uint8Array[]) => {
    seen.batches.push(pixels.length)
    seen.computing++
    seen.most = Math.max(seen.most, seen.computing)
    if (seen.batches.length === 2) isLast.resolve()
    if (seen.batches.length === 1 && sessions > 1) await isLast.promise
    await nextTurn()
    seen.computing--
    return pixels.map((image) => Float32Array.of(image.reduce((sum, value) => sum + value, 0)))
  }
  return { seen, program: { run, batch: 3, sessions } }
}

async function embedAll(sessions: number) {
  return withTemporaryFolder(async (path) => {
    await writeImages(path)
    const { seen, program } = createProgram(sessions)
    const images: { name: string; sum: number }[] = []
    const unusable: string[] = []
    for await (const batch of embedImages({ origin: { kind: 'folder', path, name: 'a' }, target, program })) {
      for (const { name, embedding } of batch.images) images.push({ name, sum: embedding[0]! })
      unusable.push(...batch.unusable.map(({ name }) => name))
    }
    return { seen, images, unusable }
  })
}

test('runs overlap as far as the program has sessions, and rows come in the order of the source all the same', async () => {
  const one = await embedAll(1)
  const two = await embedAll(2)
  assert.equal(one.seen.most, 1)
  assert.equal(two.seen.most, 2)
  assert.deepEqual(two.seen.batches, [3, 3, 3, 1])
  assert.deepEqual(two.images, one.images)
  assert.equal(new Set(two.images.map(({ sum }) => sum)).size, COUNT)
  assert.deepEqual(two.unusable, ['99.png'])
})

test('who stops reading waits for what computes: the program may be closed then', async () => {
  await withTemporaryFolder(async (path) => {
    await writeImages(path)
    const { seen, program } = createProgram(2)
    for await (const _ of embedImages({ origin: { kind: 'folder', path, name: 'a' }, target, program })) break
    assert.ok(seen.batches.length > 1)
    assert.equal(seen.computing, 0)
  })
})
