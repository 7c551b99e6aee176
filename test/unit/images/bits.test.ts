/** 10, 12 and 14 bits in files of 16: counted when they are packed, chosen once for all images, and scaled alike ever after. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { decodeInspected, decodePacked } from '../../../src/images/decode.ts'
import { decodeRecord } from '../../../src/images/decode-record.ts'
import type { Image } from '../../../src/images/image.ts'
import { ingest } from '../../../src/images/ingest.ts'
import { inspectImage } from '../../../src/images/inspect.ts'
import { createCropLoader } from '../../../src/images/load-crops.ts'
import { multiCrop, multiCropPlan } from '../../../src/images/multi-crop.ts'
import { preprocessImage } from '../../../src/model/preprocess.ts'
import { imagesOfReport } from '../../../src/recipe/auto/circumstances.ts'
import { autoRecipe } from '../../../src/recipe/auto.ts'
import { bitsFor } from '../../../src/recipe/bits.ts'
import { preprocessingOf, seenWhole } from '../../../src/recipe/preprocessing.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { bitsWarning } from '../../../src/recipe/warnings.ts'
import { createImageDecoder } from '../../../src/serving/decode.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

const size = { width: 40, height: 36, channels: 1 } as const
const colour = { ...size, channels: 3 } as const

/** The image in the upper bits of `bits`-bit samples, with something below them. */
const inWords = ({ data }: Image, bits: number): Uint16Array =>
  Uint16Array.from(data, (value, i) => (value << (bits - 8)) + (i % 2 ** (bits - 8)))

function encodeWords(words: Uint16Array, image: Omit<Image, 'data'>, format: 'png' | 'tiff'): Promise<Buffer> {
  const { width, height, channels } = image
  const space = channels === 1 ? 'grey16' : 'rgb16'
  const options = format === 'tiff' ? { compression: 'lzw' } : {}
  return sharp(words, { raw: { width, height, channels: channels as 1 | 3 } })
    .toColourspace(space)
    .toFormat(format, options as object)
    .toBuffer()
}

const deepFile = (image: Image, bits: number, format: 'png' | 'tiff') =>
  encodeWords(inWords(image, bits), image, format)

test('16-bit PNG and TIFF are read by the bits that hold their samples, in gray and colour; what is above is white', async () => {
  for (const shape of [size, colour]) {
    const image = drawImage(shape, 3)
    for (const format of ['png', 'tiff'] as const) {
      for (const bits of [10, 12, 14] as const) {
        const bytes = await deepFile(image, bits, format)
        const info = await inspectImage(bytes)
        assert.deepEqual((await decodeInspected(bytes, info, { bits })).data, image.data, `${format}, ${bits} bits`)
        assert.deepEqual((await decodePacked(bytes, info, bits)).data, image.data)
      }
      const deep = inWords(image, 14)
      const above = await decodePacked(await encodeWords(deep, shape, format), { ...shape, format }, 10)
      assert.deepEqual(
        above.data,
        Uint8Array.from(deep, (word) => Math.min(255, word >> 2))
      )
    }
  }
})

test('bits change nothing of files of 8 bits, nor of AVIF, which says what its range is', async () => {
  const image = drawImage(colour, 5)
  const avif = await sharp(image.data, { raw: colour }).avif({ bitdepth: 12, quality: 90 }).toBuffer()
  const files = [
    avif,
    ...(await Promise.all((['png', 'jpeg', 'tiff', 'webp'] as const).map((format) => encodeImage(image, format))))
  ]
  for (const bytes of files) {
    const info = await inspectImage(bytes)
    const plain = await decodePacked(bytes, info)
    assert.deepEqual(await decodePacked(bytes, info, 10), plain, info.format)
    assert.deepEqual(await decodeInspected(bytes, info, { bits: 10 }), plain, info.format)
  }
})

const bright = (shape: typeof size | typeof colour, value: number) => {
  const { data, ...rest } = drawImage(shape, 9)
  return { ...rest, data: data.map((_, i) => (i === 700 ? value : data[i]! >> 2)) }
}

/** 12 images of 12 bits, of which one alone has a sample above 2047, in the corner of 1.2 megapixels; one of 8 bits. */
async function packed(folder: string): Promise<string> {
  const source = join(folder, 'source')
  await mkdir(source)
  for (let i = 0; i < 11; i++) {
    const bytes = await deepFile(bright(size, 0), 12, i % 2 === 0 ? 'png' : 'tiff')
    await writeFile(join(source, `a${i}`), Buffer.concat([bytes, Buffer.of(i)]))
  }
  const large = new Uint16Array(1200 * 1000).fill(100)
  large[large.length - 1] = 3001
  await writeFile(join(source, 'large'), await encodeWords(large, { width: 1200, height: 1000, channels: 1 }, 'png'))
  await writeFile(join(source, 'plain'), await encodeImage(drawImage(size, 1), 'png'))
  const out = join(folder, 'packed')
  await ingest({ sources: [{ kind: 'folder', path: source, name: 'source' }], outFolder: out })
  return out
}

test('bits are counted by every sample when images are packed, auto reads all of them by the largest, and says so', async () => {
  await withTemporaryFolder(async (folder) => {
    const dataset = await openDatasetFolder(await packed(folder))
    await dataset.close()
    const report = dataset.manifest.report!
    assert.deepEqual([report.images, report.deep, report.bits], [13, 12, { 8: 0, 10: 11, 12: 1, 14: 0, 16: 0 }])
    const { recipe, reasons } = autoRecipe(
      imagesOfReport(report),
      { kind: 'cpu', devices: 1, cores: 2, memoryBytes: null },
      {}
    )
    assert.equal(recipe.hyperparameters.bits, 12)
    assert.ok(reasons.some((reason) => reason.startsWith('12 bits of 16-bit samples')))
    assert.equal(preprocessingOf(recipe).bits, 12)
    // The mean that auto normalizes by is that of pixels as they are read.
    const pixels = await Promise.all(
      dataset.records.map(async (record, i) => decodeRecord(await dataset.read(i), record, 12))
    )
    const mean = pixels.reduce((sum, { data }) => sum + data.reduce((a, b) => a + b, 0) / data.length / 255, 0) / 13
    assert.ok(Math.abs(report.luma!.mean[0]! - mean) < 0.004, `${report.luma!.mean[0]} and ${mean}`)
    await dataset.close()
  })
})

test('training, a finished model and serving see a 12-bit file as they see its upper 8 bits', async () => {
  const image = drawImage(colour, 7)
  const bytes = await deepFile(image, 12, 'tiff')
  const recipe = resolveRecipe({ preset: 'small-images', hyperparameters: { bits: 12 } })
  await withTemporaryFolder(async (folder) => {
    await writeFile(join(folder, 'shard'), bytes)
    const record = {
      ...colour,
      format: 'tiff',
      name: 'a',
      offset: 0,
      bytes: bytes.length,
      label: null,
      sha256: ''
    } as const
    const loader = createCropLoader({ plan: multiCropPlan(recipe), seed: 0 })
    const crops = await loader.load({ id: 0, epoch: 0, items: [{ index: 0, path: join(folder, 'shard'), record }] })
    loader.close()
    const { global, local } = multiCrop(image, recipe, { seed: 0, epoch: 0, index: 0 })
    assert.deepEqual([crops.global, crops.local], [global, local])
  })
  const target = { preprocessing: preprocessingOf(recipe), channels: 3 } as const
  const decoder = createImageDecoder({
    limits: { maxBytes: 1e6, maxPixels: 1e6 },
    maxDecodingPixels: 1e6,
    clock: fakeClock(0),
    onStuck: () => assert.fail('stuck')
  })
  const { signal } = new AbortController()
  const asker = { key: 'a', request: 1 }
  const weighed = await decoder.weigh(asker, { images: [bytes] }, signal)
  const [served] = await decoder.decode(asker, weighed, { target, deadline: 10_000, signal })
  assert.deepEqual(served, preprocessImage(image, target))
  const [dark] = await decoder.decode(asker, weighed, {
    target: { ...target, preprocessing: seenWhole(32) },
    deadline: 10_000,
    signal
  })
  // A sixteenth of white, and what a bicubic filter overshoots.
  assert.ok(dark!.every((value) => value < 20))
})

test('who reads by other bits is told the right ones, and what it costs', () => {
  const recipe = (bits?: 8 | 10 | 12 | 14 | 16) =>
    resolveRecipe({ preset: 'demo', hyperparameters: bits ? { bits } : {} })
  const told = (bits: Record<string, number>, by?: 10 | 12 | 16) => bitsWarning({ deep: 10, bits }, recipe(by))!.message
  assert.match(
    told({ 12: 9, 10: 1 }),
    /no 16-bit sample uses more than 12 bits, and by 16 they come out 16 times too dark: bits 12 is right$/
  )
  assert.match(told({ 12: 9, 14: 1 }, 12), /1 of them have samples above 4095, which become white: bits 14 holds all$/)
  assert.match(told({ 12: 9, 16: 1 }), /9 of 10 use no more than 12 bits and come out dark by 16: bits 12 cuts/)
  assert.match(told({ 12: 10 }, 12), /are read as 8$/)
  assert.match(bitsWarning({ deep: 10 }, recipe())!.message, /are read as 8$/)
  assert.deepEqual(
    [0, 255, 256, 1023, 1024, 4095, 4096, 16_383, 16_384, 65_535].map(bitsFor),
    [8, 8, 10, 10, 12, 12, 14, 14, 16, 16]
  )
})
