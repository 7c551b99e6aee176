import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { drawPicture } from '../../../src/images/picture.ts'
import { drawImage, encodeImage } from '../../helpers/images.ts'

const LIMITS = { withinS: 10 }
const colour = { width: 300, height: 150, channels: 3 } as const

const shown = async (bytes: Uint8Array) => {
  const { format, width, height, exif, icc } = await sharp(bytes).metadata()
  return { format, width, height, exif, icc }
}

test('a picture has the wanted longer side, and never more pixels than the image', async () => {
  const bytes = await encodeImage(drawImage(colour), 'jpeg')
  const stored = { format: 'jpeg', ...colour, bits: 16 } as const
  const drawn = async (size: number) => shown(await drawPicture(bytes, stored, { size, ...LIMITS }))
  assert.deepEqual(await drawn(100), { format: 'webp', width: 100, height: 50, exif: undefined, icc: undefined })
  const whole = await drawn(1024)
  assert.deepEqual([whole.width, whole.height], [300, 150])
})

test('what a file says besides its pixels is not in its picture, and its orientation is applied', async () => {
  const raw = { raw: { width: 300, height: 150, channels: 3 as const } }
  const bytes = await sharp(drawImage(colour).data, raw)
    .jpeg()
    .withMetadata({ orientation: 6 })
    .withExifMerge({ IFD0: { Copyright: 'secret' } })
    .toBuffer()
  assert.ok(bytes.includes('secret'))
  const turned = { format: 'jpeg', width: 150, height: 300, channels: 3, bits: 16 } as const
  const drawn = await drawPicture(bytes, turned, { size: 100, ...LIMITS })
  assert.ok(!Buffer.from(drawn).includes('secret'))
  const { width, height, exif } = await shown(drawn)
  assert.deepEqual([width, height, exif], [50, 100, undefined])
})

test('a small picture is pixel for pixel the image', async () => {
  for (const channels of [1, 3] as const) {
    const image = drawImage({ width: 28, height: 28, channels })
    const stored = { format: 'raw', width: 28, height: 28, channels, bits: 16 } as const
    for (const size of [64, null]) {
      const drawn = await drawPicture(image.data, stored, { size, ...LIMITS })
      assert.equal((await shown(drawn)).format, size === null ? 'png' : 'webp')
      const back = await sharp(drawn)
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .raw()
        .toBuffer()
      assert.deepEqual(new Uint8Array(back), image.data, `${channels} channels, ${size}`)
    }
  }
})

test('16-bit samples are read by the bits that hold the images', async () => {
  const words = Uint16Array.from({ length: 16 }, (_, i) => i * 256)
  const png = await sharp(words, { raw: { width: 4, height: 4, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer()
  const brightest = async (bits: 12 | 16) => {
    const stored = { format: 'png', width: 4, height: 4, channels: 1, bits } as const
    const drawn = await drawPicture(png, stored, { size: 16, ...LIMITS })
    return Math.max(...(await sharp(drawn).toColourspace('b-w').raw().toBuffer()))
  }
  assert.equal(await brightest(12), 240)
  assert.equal(await brightest(16), 15)
})

test('a damaged image is refused by name', async () => {
  const bytes = (await encodeImage(drawImage(colour), 'png')).subarray(0, 900)
  const stored = { format: 'png', ...colour, bits: 16 } as const
  await assert.rejects(drawPicture(bytes, stored, { size: 64, ...LIMITS }), { code: 'image_invalid' })
})
