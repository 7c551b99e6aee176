import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { isAppError } from '../../../src/base/errors.ts'
import { sniffFormat } from '../../../src/base/image-formats.ts'
import { inspectImage } from '../../../src/images/inspect.ts'
import { decodeImage, drawImage, encodeImage } from '../../helpers/images.ts'

const colour = drawImage({ width: 24, height: 16, channels: 3 })
const gray = drawImage({ width: 24, height: 16, channels: 1 })
const raw = (image: typeof colour) => {
  const { width, height, channels } = image
  return sharp(image.data, { raw: { width, height, channels: channels as 1 | 3 } })
}
const limits = { maxBytes: 50_000_000, maxPixels: 100_000_000 }

test('lossless formats come back sample by sample, by content and not by name', async () => {
  for (const format of ['png', 'webp', 'tiff'] as const) {
    const bytes = await encodeImage(colour, format)
    assert.equal(sniffFormat(bytes), format)
    assert.deepEqual(await inspectImage(bytes), { format, width: 24, height: 16, channels: 3, isDeep: false })
    assert.deepEqual((await decodeImage(bytes)).data, colour.data)
  }
})

test('JPEG and GIF come back nearly', async () => {
  for (const format of ['jpeg', 'gif'] as const) {
    const { data, channels } = await decodeImage(await encodeImage(colour, format))
    assert.equal(channels, 3)
    const error = data.reduce((sum, value, i) => sum + Math.abs(value - colour.data[i]!), 0) / data.length
    assert.ok(error < 25, `${format}: ${error}`)
  }
})

test('gray stays gray, in 8 bits and in 16', async () => {
  const small = await raw(gray).toColourspace('b-w').png().toBuffer()
  assert.deepEqual(await decodeImage(small), gray)
  const deep = await raw(gray).toColourspace('grey16').png().toBuffer()
  assert.equal((await inspectImage(deep)).channels, 1)
  assert.deepEqual((await decodeImage(deep)).data, gray.data)
})

test('16-bit colour, CMYK and palettes become 8-bit RGB', async () => {
  const deep = await raw(colour).toColourspace('rgb16').png().toBuffer()
  assert.deepEqual((await decodeImage(deep)).data, colour.data)
  const cmyk = await decodeImage(await raw(colour).toColourspace('cmyk').jpeg().toBuffer())
  assert.equal(cmyk.data.length, colour.data.length)
  const palette = await decodeImage(await raw(colour).png({ palette: true }).toBuffer())
  assert.equal(palette.channels, 3)
})

test('transparency becomes white', async () => {
  const background = { r: 200, g: 0, b: 0, alpha: 0 }
  const bytes = await sharp({ create: { width: 4, height: 4, channels: 4, background } })
    .png()
    .toBuffer()
  const { data, channels } = await decodeImage(bytes)
  assert.equal(channels, 3)
  assert.ok(data.every((value) => value === 255))
})

test('the orientation of EXIF is applied to the size and to the pixels', async () => {
  const bytes = await raw(colour).png().withMetadata({ orientation: 6 }).toBuffer()
  assert.deepEqual(await inspectImage(bytes), { format: 'png', width: 16, height: 24, channels: 3, isDeep: false })
  const turned = await decodeImage(bytes)
  assert.equal(turned.width, 16)
  // A quarter turn clockwise brings the lower left corner to the upper left.
  assert.deepEqual([...turned.data.subarray(0, 3)], [...colour.data.subarray(15 * 24 * 3, 15 * 24 * 3 + 3)])
})

test('the first frame of an animation is taken', async () => {
  const frames = Buffer.concat([drawImage({ width: 8, height: 8, channels: 3 }, 1).data, colour.data.subarray(0, 192)])
  const animation = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
    .gif()
    .toBuffer()
  const { width, height } = await decodeImage(animation)
  assert.deepEqual([width, height], [8, 8])
})

test('bytes that are no image are refused', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
  await assert.rejects(decodeImage(svg), /SVG images are not read/)
  for (const bytes of [Buffer.from('hello'), Buffer.alloc(0)]) {
    await assert.rejects(
      decodeImage(bytes),
      (error) => isAppError(error, 'image_invalid') && /no JPEG/.test(error.message)
    )
  }
})

test('a broken header and cut off data are refused', async () => {
  const noise = drawImage({ width: 200, height: 200, channels: 3 }, 9)
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const bytes = await encodeImage(noise, format)
    await assert.rejects(decodeImage(bytes.subarray(0, 20)), (error) => isAppError(error, 'image_invalid'), format)
    const half = bytes.subarray(0, bytes.length / 2)
    await assert.rejects(decodeImage(half), (error) => isAppError(error, 'image_invalid'), format)
  }
})

test('too many bytes and too many pixels are refused from the header alone', async () => {
  const bytes = await encodeImage(colour, 'png')
  await assert.rejects(inspectImage(bytes, { ...limits, maxBytes: 10 }), (error) => {
    return isAppError(error, 'image_too_large') && /at most 10 are allowed/.test(error.message)
  })
  await assert.rejects(decodeImage(bytes, { ...limits, maxPixels: 383 }), (error) =>
    isAppError(error, 'image_too_large')
  )
  // A PNG header that announces 60,000 × 60,000 pixels, with nothing behind it.
  const bomb = Buffer.from(bytes)
  bomb.writeUInt32BE(60_000, 16)
  bomb.writeUInt32BE(60_000, 20)
  await assert.rejects(decodeImage(bomb), (error) => isAppError(error))
})
