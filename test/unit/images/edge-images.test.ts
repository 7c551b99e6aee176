/** Images that are not what most are: each is decoded to what it shows, or refused with a reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { isAppError } from '../../../src/base/errors.ts'
import { imageInvalid, inspectImage } from '../../../src/images/inspect.ts'
import { decodeImage, drawImage, encodeImage } from '../../helpers/images.ts'

const colour = drawImage({ width: 24, height: 16, channels: 3 })
const raw = (data: Uint8Array | Uint16Array | Float32Array, channels: 1 | 2 | 3 | 4, width = 24) =>
  sharp(data, { raw: { width, height: data.length / channels / width, channels } })

const refused = (code: 'image_invalid' | 'image_too_large', reason: RegExp) => (error: unknown) =>
  isAppError(error, code) && reason.test(error.message)

test('16 bits become 8 to within one step, in PNG and TIFF, gray and colour', async () => {
  const deep = Uint16Array.from({ length: 24 * 16 * 3 }, (_, i) => (i * 5077) % 65536)
  for (const channels of [1, 3] as const) {
    for (const format of ['png', 'tiff'] as const) {
      const space = channels === 1 ? 'grey16' : 'rgb16'
      const options = format === 'tiff' ? { compression: 'none' } : {}
      const bytes = await raw(deep, channels)
        .toColourspace(space)
        .toFormat(format, options as object)
        .toBuffer()
      assert.equal((await sharp(bytes).metadata()).depth, 'ushort')
      const image = await decodeImage(bytes)
      assert.equal(image.channels, channels)
      assert.equal(image.data.length, deep.length)
      const worst = deep.reduce((most, value, i) => Math.max(most, Math.abs(image.data[i]! - value / 257)), 0)
      assert.ok(worst <= 1, `${format}, ${channels} channels: ${worst}`)
    }
  }
})

test('black and white in one bit are gray', async () => {
  const bits = Uint8Array.from({ length: 24 * 16 }, (_, i) => (i % 3 === 0 ? 255 : 0))
  const bytes = await raw(bits, 1).toColourspace('b-w').png({ palette: true, colours: 2, dither: 0 }).toBuffer()
  const image = await decodeImage(bytes)
  const samples = image.channels === 1 ? image.data : image.data.filter((_, i) => i % 3 === 0)
  assert.deepEqual(samples, bits)
})

test('alpha is put on white: in color and gray, for every format that has it', async () => {
  const rgba = Uint8Array.from({ length: 24 * 16 * 4 }, (_, i) => [200, 40, 0, 51 * (Math.floor(i / 4) % 6)][i % 4]!)
  const over = (value: number, i: number) => (value * 51 * (i % 6) + 255 * (255 - 51 * (i % 6))) / 255
  for (const format of ['png', 'webp', 'tiff'] as const) {
    const options = { png: {}, webp: { lossless: true, exact: true }, tiff: { compression: 'lzw' } }[format]
    const image = await decodeImage(
      await raw(rgba, 4)
        .toFormat(format, options as object)
        .toBuffer()
    )
    assert.equal(image.channels, 3)
    for (let i = 0; i < 24 * 16; i++) {
      for (const [c, value] of [200, 40, 0].entries()) {
        const difference = Math.abs(image.data[3 * i + c]! - over(value, i))
        assert.ok(difference <= 1, `${format}: pixel ${i} is ${difference} off`)
      }
    }
  }
  const grayAlpha = Uint8Array.from({ length: 24 * 16 * 2 }, (_, i) => (i % 2 === 0 ? 10 : 0))
  const bytes = await raw(grayAlpha, 2).toColourspace('b-w').png().toBuffer()
  const { data, channels } = await decodeImage(bytes)
  assert.equal(channels, 3)
  assert.ok(data.every((value) => value === 255))
})

test('CMYK, progressive and gray JPEGs are read as what they show', async () => {
  const flat = ([r, g, b]: readonly [number, number, number]) =>
    sharp({ create: { width: 24, height: 16, channels: 3, background: { r, g, b } } })
  for (const background of [
    [250, 250, 250],
    [20, 20, 20],
    [150, 90, 80]
  ] as const) {
    const { data, channels } = await decodeImage(await flat(background).toColourspace('cmyk').jpeg().toBuffer())
    assert.equal(channels, 3)
    for (const [c, value] of background.entries())
      assert.ok(Math.abs(data[c]! - value) < 30, `${background}: ${data[c]}`)
  }
  const base = await decodeImage(await encodeImage(colour, 'jpeg'))
  const progressive = await decodeImage(await raw(colour.data, 3).jpeg({ progressive: true }).toBuffer())
  assert.deepEqual(progressive.data, base.data)
  const gray = await decodeImage(await raw(colour.data, 3).toColourspace('b-w').jpeg().toBuffer())
  assert.equal(gray.channels, 1)
})

test('all eight orientations of EXIF come out upright', async () => {
  const { width, height } = colour
  // Where the stored pixel (x, y) of an image of `width` × `height` is shown.
  const shownAt: Record<number, (x: number, y: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [width - 1 - x, y],
    3: (x, y) => [width - 1 - x, height - 1 - y],
    4: (x, y) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [height - 1 - y, x],
    7: (x, y) => [height - 1 - y, width - 1 - x],
    8: (x, y) => [y, width - 1 - x]
  }
  for (const [orientation, place] of Object.entries(shownAt)) {
    const bytes = await raw(colour.data, 3)
      .png()
      .withMetadata({ orientation: Number(orientation) })
      .toBuffer()
    const { width: shownWidth, height: shownHeight } = await inspectImage(bytes)
    const image = await decodeImage(bytes)
    assert.deepEqual([image.width, image.height], [shownWidth, shownHeight])
    for (let i = 0; i < width * height; i++) {
      const [x, y] = place(i % width, Math.floor(i / width))
      const at = (y * image.width + x) * 3
      assert.deepEqual(image.data.subarray(at, at + 3), colour.data.subarray(3 * i, 3 * i + 3), `${orientation}`)
    }
  }
})

test('of animations and pages the first is taken', async () => {
  const frames = Buffer.concat([colour.data, drawImage({ width: 24, height: 16, channels: 3 }, 77).data])
  const animation = () => sharp(frames, { raw: { width: 24, height: 32, channels: 3, pageHeight: 16 } })
  const lossless = { webp: { lossless: true }, tiff: { compression: 'lzw' }, gif: { dither: 0 } }
  for (const format of ['webp', 'tiff', 'gif'] as const) {
    const bytes = await animation()
      .toFormat(format, lossless[format] as object)
      .toBuffer()
    const first = await encodeImage(colour, format)
    assert.equal((await sharp(bytes).metadata()).pages, 2, format)
    assert.deepEqual(await inspectImage(bytes), { format, width: 24, height: 16, channels: 3, isDeep: false })
    const { data, height } = await decodeImage(bytes)
    assert.equal(height, 16)
    if (format !== 'gif') assert.deepEqual(data, (await decodeImage(first)).data)
  }
})

test('measurements that are no pictures are refused with what they are', async () => {
  const floats = await raw(new Float32Array(24 * 16).fill(0.5), 1)
    .toColourspace('b-w')
    .tiff({ compression: 'none' })
    .toBuffer()
  const deep = Buffer.from(floats)
  // The samples' format (tag 339) to floating point, and their width (tag 258) to 32 bits.
  for (let at = deep.readUInt32LE(4) + 2; at + 12 <= deep.length; at += 12) {
    const tag = deep.readUInt16LE(at)
    if (tag === 339) deep.writeUInt16LE(3, at + 8)
    if (tag === 258) deep.writeUInt16LE(32, at + 8)
    if (tag === 256) deep.writeUInt16LE(6, at + 8)
  }
  await assert.rejects(inspectImage(deep), refused('image_invalid', /samples of type float/))
})

test('every format is refused when it is cut off anywhere', async () => {
  const noise = drawImage({ width: 200, height: 150, channels: 3 }, 9)
  for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const) {
    const bytes = await encodeImage(noise, format)
    for (const share of [0.02, 0.3, 0.6, 0.9]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share))
      await assert.rejects(
        decodeImage(cut),
        refused('image_invalid', /cannot be read|no JPEG/),
        `${format} at ${share}`
      )
    }
  }
})

test('damage in the middle is refused where the format can tell', async () => {
  const noise = drawImage({ width: 200, height: 150, channels: 3 }, 9)
  for (const format of ['png', 'webp', 'gif'] as const) {
    const bytes = Buffer.from(await encodeImage(noise, format))
    const middle = Math.floor(bytes.length / 2)
    bytes.fill(0, middle, Math.min(middle + 200, bytes.length - 20))
    await assert.rejects(decodeImage(bytes), refused('image_invalid', /cannot be read/), format)
  }
})

test('nothing, one byte and a header alone are no images', async () => {
  await assert.rejects(decodeImage(Buffer.alloc(0)), refused('image_invalid', /no JPEG, PNG/))
  await assert.rejects(decodeImage(Buffer.of(0xff)), refused('image_invalid', /no JPEG, PNG/))
  await assert.rejects(decodeImage(Buffer.of(0xff, 0xd8, 0xff)), refused('image_invalid', /cannot be read/))
})

test('AVIF is read: color and alpha, 8 to 12 bits, and the first of a sequence', async () => {
  const lossless = await encodeImage(colour, 'avif')
  assert.deepEqual(await inspectImage(lossless), { format: 'avif', width: 24, height: 16, channels: 3, isDeep: false })
  const { data } = await decodeImage(lossless)
  const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - colour.data[i]!)), 0)
  assert.ok(worst <= 2, `${worst}`)
  for (const bitdepth of [10, 12] as const) {
    const deep = await raw(colour.data, 3).avif({ bitdepth, quality: 100 }).toBuffer()
    const { width, height, channels } = await decodeImage(deep)
    assert.deepEqual([width, height, channels], [24, 16, 3])
  }
  const clear = { r: 200, g: 0, b: 0, alpha: 0 }
  const empty = await sharp({ create: { width: 16, height: 16, channels: 4, background: clear } })
    .avif()
    .toBuffer()
  assert.ok((await decodeImage(empty)).data.every((value) => value >= 253))
})

test('an AVIF of more pixels than its memory allows is refused from the header; one that lies about them, by the decoder', async () => {
  const side = 2_100
  const flat = sharp({ create: { width: side, height: side, channels: 3, background: '#888' } })
  const bytes = await flat.avif({ effort: 0 }).toBuffer()
  assert.ok(bytes.length < 2_000, `${bytes.length}`)
  const limits = { maxBytes: 1e6, maxPixels: 4 * side * side - 4 }
  await assert.rejects(decodeImage(bytes, limits), refused('image_too_large', /at most 4409999 are allowed/))
  const at = bytes.indexOf('ispe') + 8
  for (const claimed of [64, 16_000]) {
    const lie = Buffer.from(bytes)
    lie.writeUInt32BE(claimed, at)
    lie.writeUInt32BE(claimed, at + 4)
    await assert.rejects(
      decodeImage(lie, { maxBytes: 1e6, maxPixels: 2e9 }),
      refused('image_invalid', /heif/),
      `${claimed}`
    )
  }
})

test('headers of gigapixels are refused before memory is taken, in every format', async () => {
  const size = 16_000
  const jpeg = Buffer.from(await encodeImage(colour, 'jpeg'))
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0))
  jpeg.writeUInt16BE(size, frame + 5)
  jpeg.writeUInt16BE(size, frame + 7)
  const gif = Buffer.from(await encodeImage(colour, 'gif'))
  // The screen and its first image: a screen alone that is too large to be true is passed over.
  for (const at of [6, 8, gif.indexOf(0x2c, 13 + 3 * 2 ** ((gif[10]! & 7) + 1)) + 5]) gif.writeUInt16LE(size, at)
  gif.writeUInt16LE(size, gif.indexOf(0x2c, 13 + 3 * 2 ** ((gif[10]! & 7) + 1)) + 7)
  const webp = Buffer.from(await encodeImage(colour, 'webp'))
  const lossless = webp.indexOf('VP8L') + 9
  webp.writeUInt32LE(((size - 1) | ((size - 1) << 14)) >>> 0, lossless)
  const before = process.memoryUsage().rss
  for (const [format, bytes] of Object.entries({ jpeg, gif, webp })) {
    await assert.rejects(decodeImage(bytes), refused('image_too_large', /256000000 pixels/), format)
  }
  assert.ok(process.memoryUsage().rss - before < 100_000_000)
})

test('of the complaints of a decoder the one that says something is told, and its absence is no riddle', () => {
  const told = (message: string) => imageInvalid(new Error(message)).message
  const empty = 'Warning treated as error due to failOn setting'
  assert.equal(
    told(`source: bad\n${empty}\nVipsJpeg: premature end`),
    'The image cannot be read: VipsJpeg: premature end'
  )
  assert.equal(told(empty), 'The image cannot be read: its data is damaged or cut off')
})
