/** Images of many bands: read without loss, cut as gray images are, and never taken for colours. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { isAppError } from '../../../src/base/errors.ts'
import { planesOf } from '../../../src/images/bands.ts'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { decodeInspected, decodePacked } from '../../../src/images/decode.ts'
import { ingest } from '../../../src/images/ingest.ts'
import { inspectImage } from '../../../src/images/inspect.ts'
import { multiCrop } from '../../../src/images/multi-crop.ts'
import { readBands } from '../../../src/images/tiff/bands.ts'
import { preprocessImage } from '../../../src/model/preprocess.ts'
import { imagesOfReport } from '../../../src/recipe/auto/circumstances.ts'
import { autoRecipe } from '../../../src/recipe/auto.ts'
import { checkRecipe } from '../../../src/recipe/check.ts'
import { cutFromLarger } from '../../../src/recipe/preprocessing.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { createImageDecoder } from '../../../src/serving/decode.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'
import { tiffOf } from '../../helpers/tiff.ts'

const golden = new URL('../../conformance/golden/bands/', import.meta.url)
const file = (name: string) => readFile(new URL(name, golden))
const CPU = { kind: 'cpu', devices: 1, cores: 2, memoryBytes: null } as const
const refused = (pattern: RegExp) => (error: unknown) =>
  isAppError(error, 'image_invalid') && pattern.test(error.message)

const noise = (length: number, below: number): number[] => {
  let state = 7
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  })
}

test('twelve samples a pixel, together or in planes, in both orders of bytes, 8 and 16 bits, in strips', () => {
  const shape = { width: 23, height: 17, samples: 12 }
  const length = shape.width * shape.height * shape.samples
  for (const data of [Uint8Array.from(noise(length, 256)), Uint16Array.from(noise(length, 65_536))]) {
    for (const isPlanar of [false, true]) {
      for (const isBig of [false, true]) {
        const read = readBands(tiffOf(data, shape, { isPlanar, isBig, rows: 5 }))
        assert.deepEqual([read.width, read.height, read.bands], [23, 17, 12])
        assert.deepEqual(read.data, data, `planar ${isPlanar}, big-endian ${isBig}`)
      }
    }
  }
})

test('four samples in LZW of a hundred thousand codes, and in tiles that reach over the edges', async () => {
  const raw = { width: 401, height: 303, channels: 4 } as const
  const data = Uint8Array.from(noise(raw.width * raw.height * 4, 256), (value, i) =>
    i % 3 === 0 ? value : (i >> 8) & 255
  )
  const image = () => sharp(data, { raw })
  for (const options of [
    { compression: 'lzw', predictor: 'none' },
    { compression: 'lzw', predictor: 'horizontal', tile: true, tileWidth: 128, tileHeight: 64 },
    { compression: 'deflate', predictor: 'horizontal', tile: true, tileWidth: 64, tileHeight: 64 }
  ] as const) {
    const bytes = await image().tiff(options).toBuffer()
    assert.deepEqual(readBands(bytes).data, data, JSON.stringify(options))
  }
})

test('what is cut off, damaged or of another kind is refused by what it is', async () => {
  const shape = { width: 9, height: 8, samples: 5 }
  const whole = tiffOf(Uint8Array.from(noise(360, 256)), shape)
  for (const name of ['pages-lzw.tif', 'deep-pages-deflate.tif', 'pages-packbits.tif']) {
    const bytes = await file(name)
    for (const share of [0.01, 0.2, 0.5, 0.9, 0.999]) {
      assert.throws(
        () => readBands(bytes.subarray(0, Math.floor(bytes.length * share))),
        refused(/cannot be read/),
        name
      )
    }
  }
  const lies = (tags: Record<number, number>) => () =>
    readBands(tiffOf(Uint8Array.from(noise(360, 256)), shape, { tags }))
  assert.throws(lies({ 258: 32 }), refused(/samples of 32 bits/))
  assert.throws(lies({ 259: 7 }), refused(/compressed by JPEG/))
  assert.throws(lies({ 339: 3 }), refused(/floating/))
  assert.throws(lies({ 262: 5 }), refused(/photometric kind 5/))
  assert.throws(lies({ 257: 4_000_000_000 }), refused(/parts it should have|cut off/))
  assert.throws(lies({ 273: 4_000_000_000 }), refused(/cut off/))
  const circle = Buffer.from(whole)
  const directory = circle.readUInt32LE(4)
  circle.writeUInt32LE(directory, directory + 2 + 12 * 11)
  assert.throws(() => readBands(circle), refused(/circle/))
  await assert.rejects(inspectImage(whole, undefined, 6), refused(/has 5 bands; 6 are read here/))
  await assert.rejects(
    inspectImage(await encodeImage(drawImage({ ...shape, channels: 3 }), 'png'), undefined, 5),
    refused(/5 channels are TIFF; this is PNG/)
  )
  const thirteen = { width: 4, height: 4, samples: 13 }
  for (const many of [whole, tiffOf(new Uint16Array(208), thirteen)]) {
    await assert.rejects(inspectImage(many), refused(/has (5|13) channels; .* TIFF of (5|13) where `channels` says so/))
  }
  const large = { maxBytes: 1e6, maxPixels: 575 }
  await assert.rejects(inspectImage(whole, large, 5), (error) => isAppError(error, 'image_too_large'))
  assert.equal((await inspectImage(whole, { ...large, maxPixels: 576 }, 5)).channels, 5)
})

test('what would be read again and again is refused: tags twice, values and parts on one another, tiles far larger than the image', async () => {
  const data = new Uint8Array(4 * 4 * 5)
  const shape = { width: 4, height: 4, samples: 5 }
  const honest = tiffOf(data, shape, { rows: 1 })
  const raw = { width: 4, height: 4, channels: 4 } as const
  const tiled = sharp(data.subarray(0, 64), { raw }).tiff({
    tile: true,
    tileWidth: 512,
    tileHeight: 512,
    compression: 'deflate'
  })
  assert.equal(readBands(honest).bands, 5)
  const entry = (tag: number, bytes: Buffer): number => {
    const at = bytes.readUInt32LE(4)
    const place = Array.from({ length: bytes.readUInt16LE(at) }, (_, i) => at + 2 + 12 * i)
    return place.find((one) => bytes.readUInt16LE(one) === tag)!
  }
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.concat([honest, Buffer.alloc(1000)])
    change(bytes)
    return bytes
  }
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [changed((bytes) => bytes.writeUInt16LE(258, entry(339, bytes))), /tag 258 stands twice/],
    [changed((bytes) => bytes.writeUInt32LE(65, entry(258, bytes) + 4)), /tag 258 has 65 values/],
    [changed((bytes) => bytes.writeUInt32LE(2 ** 21, entry(273, bytes) + 4)), /tag 273 has 2097152 values/],
    [tiffOf(data, shape, { rows: 1, tags: { 273: 8, 279: 300 } }), /parts lie on one another/],
    [await tiled.toBuffer(), /tiles of 512 × 512 pixels are far larger than the image of 4 × 4/]
  ]
  for (const [bytes, pattern] of cases) assert.throws(() => readBands(bytes), refused(pattern))
})

test('a header with any byte changed is read or refused, and nothing else', async () => {
  const bytes = await file('samples-deflate.tif')
  const directory = bytes.readUInt32LE(4)
  const limits = { maxBytes: 1e6, maxPixels: 1e6 }
  let refusals = 0
  for (let at = directory; at < bytes.length; at++) {
    for (const value of [0, 1, 3, 127, 255]) {
      const changed = Buffer.from(bytes)
      changed[at] = value
      try {
        await decodeInspected(changed, await inspectImage(changed, limits, 4))
      } catch (error) {
        assert.ok(isAppError(error, 'image_invalid') || isAppError(error, 'image_too_large'), `${at}: ${error}`)
        refusals++
      }
    }
  }
  assert.ok(refusals > 100, `${refusals}`)
})

test('a band is cut, mirrored and blurred as a gray image of it is, and seen by a model so', async () => {
  const bytes = await file('deep-pages-lzw.tif')
  const info = await inspectImage(bytes, undefined, 5)
  const image = await decodePacked(bytes, info, 12)
  assert.deepEqual(image, await decodeInspected(bytes, info, { bits: 12 }))
  // The upper 8 of 12 bits are the file of 8.
  assert.deepEqual(image.data, readBands(await file('pages-lzw.tif')).data)
  const { hyperparameters: demo, ...named } = resolveRecipe({ preset: 'demo' })
  const jitter = { ...demo.augmentation.jitter, probability: 0 }
  const augmentation = {
    ...demo.augmentation,
    jitter,
    blur: { ...demo.augmentation.blur, probability: [1, 0.5, 0.5] as [number, number, number] }
  }
  const recipe = (channels: number) => ({ ...named, hyperparameters: { ...demo, channels, augmentation } })
  const preprocessing = cutFromLarger(24)
  for (let epoch = 0; epoch < 3; epoch++) {
    const key = { seed: 3, epoch, index: 11 }
    const all = multiCrop(image, recipe(5), key)
    const seen = preprocessImage(image, { preprocessing, channels: 5 })
    for (const [band, plane] of planesOf(image).entries()) {
      const of = (data: Uint8Array) => data.filter((_, i) => i % 5 === band)
      const gray = multiCrop(plane, recipe(1), key)
      assert.deepEqual([of(all.global), of(all.local)], [gray.global, gray.local], `band ${band}`)
      assert.deepEqual(of(seen), preprocessImage(plane, { preprocessing, channels: 1 }))
    }
  }
})

test('a dataset of five bands takes TIFFs of five and rejects the rest by name; auto goes by what they are', async () => {
  await withTemporaryFolder(async (folder) => {
    const source = join(folder, 'source')
    await mkdir(source)
    for (const name of ['deep-pages-lzw.tif', 'samples-lzw.tif'])
      await copyFile(new URL(name, golden), join(source, name))
    await writeFile(
      join(source, 'photo.png'),
      await encodeImage(drawImage({ width: 20, height: 20, channels: 3 }), 'png')
    )
    const outFolder = join(folder, 'packed')
    const request = { sources: [{ kind: 'folder', path: source, name: 'source' }] as const, outFolder, channels: 5 }
    const { report, rejected } = await ingest(request)
    assert.equal(rejected, 2)
    const reasons = await readFile(join(outFolder, 'rejected.jsonl'), 'utf8')
    assert.match(reasons, /"photo.png".*this is PNG/)
    assert.match(reasons, /"samples-lzw.tif".*has 4 bands; 5 are read here/)
    const dataset = await openDatasetFolder(outFolder)
    // As it came: nothing is lost.
    assert.deepEqual(Buffer.from(await dataset.read(0)), await file('deep-pages-lzw.tif'))
    await dataset.close()
    assert.deepEqual([report!.gray, report!.colour, report!.rgb, report!.luma], [0, 0, undefined, undefined])
    const { recipe } = autoRecipe(imagesOfReport(report!), CPU, {})
    const { channels, bits, normalization, augmentation } = recipe.hyperparameters
    assert.deepEqual(
      [channels, bits, augmentation.jitter.probability, augmentation.grayscale, augmentation.solarize],
      [5, 12, 0, 0, 0]
    )
    assert.deepEqual(normalization.mean, report!.bands!.mean)
    const data = Array.from(readBands(await file('pages-lzw.tif')).data)
    // By up to 128 × 128 pixels of it, which are all; the report has three decimals.
    const mean = data.reduce((sum, value, i) => sum + (i % 5 === 3 ? value : 0), 0) / (data.length / 5) / 255
    assert.ok(Math.abs(report!.bands!.mean[3]! - mean) < 0.001, `${report!.bands!.mean[3]} and ${mean}`)
    const errors = (circumstances: object) =>
      checkRecipe(recipe, circumstances).map(({ path, message }) => `${path} ${message}`)
    assert.deepEqual(errors({ bands: 5 }), errors({}))
    assert.match(errors({ bands: 4 }).at(-1)!, /hyperparameters\/channels must be 4, got 5/)
    assert.match(errors({ bands: null }).at(-1)!, /hyperparameters\/channels must be 1 or 3, got 5/)
  })
})

test('what changes colours is refused of bands, field by field', () => {
  const { hyperparameters: h, ...named } = resolveRecipe({ preset: 'vit-small-16' })
  const normalization = { mean: [0.5, 0.5], std: [0.2, 0.2] }
  const paths = checkRecipe({ ...named, hyperparameters: { ...h, channels: 2, normalization } }).map(({ path }) => path)
  assert.deepEqual(
    paths,
    ['augmentation/jitter/probability', 'augmentation/grayscale', 'augmentation/solarize'].map(
      (path) => `/hyperparameters/${path}`
    )
  )
})

test('serving reads TIFFs of as many bands as the model has, and refuses others by what they have', async () => {
  const decoder = createImageDecoder({
    limits: { maxBytes: 1e6, maxPixels: 1e6 },
    maxDecodingPixels: 1e6,
    clock: fakeClock(0),
    onStuck: () => assert.fail('stuck')
  })
  const { signal } = new AbortController()
  const asker = { key: 'a', request: 1 }
  const target = { preprocessing: { ...cutFromLarger(16), bits: 12 }, channels: 5 } as const
  const bytes = await file('deep-pages-deflate.tif')
  const model = { channels: 5 }
  const weighed = await decoder.weigh(asker, { images: [bytes], model }, signal)
  const [served] = await decoder.decode(asker, weighed, { target, deadline: 10_000, signal })
  const image = await decodePacked(bytes, { format: 'tiff', channels: 5 }, 12)
  assert.deepEqual(served, preprocessImage(image, target))
  const others = [await file('samples-lzw.tif')]
  await assert.rejects(decoder.weigh(asker, { images: others, model }, signal), refused(/has 4 bands; 5 are read here/))
  // Of a page of it colour models see gray, as of any TIFF with pages.
  const [first] = await decoder.weigh(asker, { images: [bytes], model: { channels: 3 } }, signal)
  assert.equal(first!.info.channels, 1)
  assert.throws(() => preprocessImage(image, { ...target, channels: 3 }), refused(/has 5 channels; 3 are wanted/))
})
