import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import { createImageSources, type ImageInput } from '../../../../src/services/serving/image-sources.ts'

const PNG = Buffer.from('89504e470d0a1a0a00', 'hex')
const limits = { imageBytes: 100, imagesPerRequest: 20 }
const text = (value: string): ImageInput => ({ type: 'text', text: value })

const sources = createImageSources({
  limits,
  fetchImage: async (url) => {
    if (url.includes('missing')) throw new AppError('url_unreachable')
    return PNG
  }
})

const { signal } = new AbortController()

test('formats that are not read are refused by their names, before a decoder is asked', async () => {
  const bytes = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic')
  await assert.rejects(
    sources.load([{ type: 'bytes', bytes }], signal),
    (error) => error instanceof AppError && error.code === 'image_invalid' && /^HEIC images/.test(error.message)
  )
})

test('data URIs, base64, base64url, URLs and bytes become bytes, in their order', async () => {
  const inputs = [
    text(`data:image/png;base64,${PNG.toString('base64')}`),
    text(PNG.toString('base64')),
    text(PNG.toString('base64url')),
    text('https://images.example/a.png'),
    { type: 'bytes', bytes: PNG } as const
  ]
  const loaded = await sources.load(inputs, signal)
  assert.deepEqual(
    loaded.map((bytes) => Buffer.from(bytes).toString('hex')),
    inputs.map(() => PNG.toString('hex'))
  )
})

test('of several images the one that is wrong is named', async () => {
  const good = text(PNG.toString('base64'))
  const cases: [ImageInput, string][] = [
    [text('no base64 at all!'), 'image_invalid'],
    [text(''), 'image_invalid'],
    [text(Buffer.from('hello').toString('base64')), 'image_invalid'],
    [text('data:image/png,abc'), 'image_invalid'],
    [text(Buffer.concat([PNG, Buffer.alloc(200)]).toString('base64')), 'image_too_large'],
    [{ type: 'bytes', bytes: Buffer.concat([PNG, Buffer.alloc(100)]) }, 'image_too_large'],
    [text('https://images.example/missing.png'), 'url_unreachable']
  ]
  for (const [bad, code] of cases) {
    await assert.rejects(sources.load([good, good, bad, good], signal), (error: AppError) => {
      assert.equal(error.code, code)
      assert.equal(error.details['index'], 2)
      assert.equal(error.details.errors?.[0]?.path, '/input/2')
      return true
    })
  }
})

test('none and too many are refused before any of them is looked at', async () => {
  for (const count of [0, 21]) {
    await assert.rejects(
      sources.load(
        Array.from({ length: count }, () => text('x')),
        signal
      ),
      { code: 'invalid_request' }
    )
  }
})

test('base64 of any length is decoded, in pieces, to its very bytes', async () => {
  const large = createImageSources({ fetchImage: async () => PNG, limits: { imageBytes: 8e6, imagesPerRequest: 20 } })
  // Around the size of a piece: 786,432 bytes are 1 MiB of base64.
  for (const bytes of [786_430, 786_431, 786_432, 786_433, 2 * 786_432, 3_000_001]) {
    const image = Buffer.concat([PNG, Buffer.alloc(bytes - PNG.length, PNG)])
    const [loaded] = await large.load([text(image.toString('base64'))], signal)
    assert.ok(image.equals(loaded ?? Buffer.alloc(0)), `${bytes} bytes`)
  }
  const broken = `${Buffer.alloc(900_000, PNG).toString('base64')}*AAA`
  await assert.rejects(large.load([text(broken)], signal), { code: 'image_invalid' })
})

test('what is read for a client that has left ends at the next image', async () => {
  const gone = new AbortController()
  let fetched = 0
  const leaving = createImageSources({
    fetchImage: async () => {
      fetched++
      gone.abort()
      return PNG
    },
    limits: { imageBytes: 100, imagesPerRequest: 20 }
  })
  const inputs = Array.from({ length: 20 }, () => text('https://images.example/a.png'))
  await assert.rejects(leaving.load(inputs, gone.signal), { code: 'client_gone' })
  assert.ok(fetched <= 8, `${fetched} images fetched`)
})
