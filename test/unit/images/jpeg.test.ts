/** A real photograph, cut and closed again, damaged, or written oddly: half an image is refused, an odd one is read. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import sharp, { type JpegOptions } from 'sharp'
import { isAppError } from '../../../src/base/errors.ts'
import { decodePacked } from '../../../src/images/decode.ts'
import { decodeImage } from '../../helpers/images.ts'

const photo = await readFile(resolve(import.meta.dirname, '../../conformance/golden/photos/chelsea.jpg'))
const END = Buffer.of(0xff, 0xd9)

const again = (options: JpegOptions) => sharp(photo).jpeg(options).toBuffer()
const VARIANTS: Record<string, Buffer> = {
  baseline: photo,
  progressive: await again({ progressive: true }),
  'full colour': await again({ chromaSubsampling: '4:4:4', quality: 95 }),
  'with optimized tables': await again({ mozjpeg: true }),
  gray: await sharp(photo).grayscale().toColourspace('b-w').jpeg().toBuffer(),
  CMYK: await sharp(photo).toColourspace('cmyk').jpeg().toBuffer()
}

const cutAt = (bytes: Buffer, share: number) => bytes.subarray(0, Math.floor(bytes.length * share))
const isRefused = (error: unknown) => isAppError(error, 'image_invalid') && /cannot be read/.test(error.message)

for (const [name, bytes] of Object.entries(VARIANTS)) {
  test(`a photograph, ${name}, is read whole, and refused cut at any place, closed again or not`, async () => {
    await decodeImage(bytes)
    await decodeImage(Buffer.concat([bytes, Buffer.from('what a camera appends')]))
    for (const share of [0.2, 0.35, 0.5, 0.75, 0.9, 0.96]) {
      const cut = cutAt(bytes, share)
      await assert.rejects(decodeImage(cut), isRefused, `${share}`)
      await assert.rejects(decodeImage(Buffer.concat([cut, END])), isRefused, `${share}, closed`)
      await assert.rejects(decodeImage(Buffer.concat([cut, Buffer.alloc(bytes.length - cut.length), END])), isRefused)
    }
  })
}

test('what is lost of a photograph that was closed again and is read all the same are its last 8 rows at most', async () => {
  for (const [name, bytes] of Object.entries(VARIANTS)) {
    const { data, width, height, channels } = await decodeImage(bytes)
    const kept = (height - 8) * width * channels
    let read = 0
    for (let lost = 1; lost < 1_500; lost += 37) {
      const image = await decodeImage(Buffer.concat([bytes.subarray(0, -2 - lost), END])).catch(() => null)
      if (image === null) continue
      read++
      assert.ok(
        Buffer.from(image.data.subarray(0, kept)).equals(data.subarray(0, kept)),
        `${name} without ${lost} bytes`
      )
    }
    assert.ok(read < 30, `${name}: ${read} of 41`)
  }
})

const firstScan = photo.indexOf(Buffer.of(0xff, 0xda))
const insert = (at: number, ...what: number[]) =>
  Buffer.concat([photo.subarray(0, at), Buffer.from(what), photo.subarray(at)])
const changed = (at: number, value: number) => {
  const bytes = Buffer.from(photo)
  bytes[at] = value
  return bytes
}
const adobe = (transform: number) => [...[0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform]]

/** libjpeg remarks on each of them; none shows anything else than the photograph. */
const ODD: Record<string, Buffer> = {
  'zeros between two segments': insert(20, 0, 0, 0),
  'text before the first scan': insert(firstScan, ...Buffer.from('padding')),
  'fill bytes before a marker': insert(firstScan, 0xff, 0xff),
  'a revision of JFIF to come': changed(photo.indexOf('JFIF') + 5, 9),
  "a transform of Adobe's to come": insert(firstScan, ...adobe(7)),
  "a progressive scan's numbers": changed(firstScan + 4 + 1 + 2 * 3 + 1, 0)
}

test('an odd header does not matter', async () => {
  const { data } = await decodeImage(photo)
  for (const [name, bytes] of Object.entries(ODD)) {
    assert.deepEqual((await decodeImage(bytes)).data, data, name)
  }
})

test('an odd header does not hide that the photograph is cut', async () => {
  for (const [name, bytes] of Object.entries(ODD)) {
    await assert.rejects(decodeImage(Buffer.concat([cutAt(bytes, 0.5), END])), isRefused, name)
  }
})

test('damage that the decoder notices is refused', async () => {
  const marked = Buffer.from(photo)
  marked.set([0xff, 0xd3], Math.floor(photo.length / 2))
  await assert.rejects(decodeImage(marked), isRefused)
})

test('an image that was taken into a dataset before is decoded as it was, so that no run stops on it', async () => {
  const image = await decodePacked(Buffer.concat([cutAt(photo, 0.5), END]), { format: 'jpeg', channels: 3 })
  assert.deepEqual([image.width, image.height], [451, 300])
})
