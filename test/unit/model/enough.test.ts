import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { decodeInspected } from '../../../src/images/decode.ts'
import { inspectImage } from '../../../src/images/inspect.ts'
import { enoughOf, preprocessImage } from '../../../src/model/preprocess.ts'
import { cutFromLarger } from '../../../src/recipe/preprocessing.ts'

/** Decodes from 5 × 2 × 64 pixels of the shorter side on. */
const target = { preprocessing: cutFromLarger(56), channels: 3 }

/** Noise as fine as a lens draws it, with a slope that shows which way is up, turned as a telephone stores it. */
async function photo(width: number, height: number, orientation: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  const grain = await sharp({ create: { width, height, channels: 3, background: '#000', noise } })
    .blur(1.5)
    .png()
    .toBuffer()
  const slope = Buffer.from(
    `<svg width="${width}" height="${height}"><linearGradient id="a"><stop offset="0"/><stop offset="1" stop-color="#fff"/></linearGradient>
     <rect width="100%" height="100%" fill="url(#a)" opacity="0.6"/></svg>`
  )
  return sharp(grain)
    .composite([{ input: slope }])
    .jpeg({ quality: 92 })
    .withMetadata({ orientation })
    .toBuffer()
}

async function seenTwice(bytes: Buffer) {
  const info = await inspectImage(bytes)
  const enough = enoughOf(info, target)
  const whole = preprocessImage(await decodeInspected(bytes, info), target)
  const decoded = await decodeInspected(bytes, info, { enough })
  return { info, enough, decoded, whole, reduced: preprocessImage(decoded, target, info) }
}

test('a large JPEG is decoded at a fraction of its size, upright, and is seen as it would be in full', async () => {
  for (const [width, height, orientation] of [
    [1001, 803, 1],
    [1400, 760, 6],
    [1283, 650, 3]
  ] as const) {
    const { info, decoded, whole, reduced } = await seenTwice(await photo(width, height, orientation))
    assert.equal(info.width > info.height, orientation !== 6)
    assert.equal(Math.min(decoded.width, decoded.height), 128)
    const apart = whole.map((value, i) => Math.abs(value - reduced[i]!))
    const mean = apart.reduce((sum, one) => sum + one, 0) / apart.length
    assert.ok(mean < 0.6, `${width} × ${height}: ${mean} on average`)
    assert.ok(Math.max(...apart) <= 10, `${width} × ${height}: ${Math.max(...apart)} at most`)
  }
})

test('an image that is not much larger than what is seen of it is decoded in all of it, and so is what is no JPEG', async () => {
  const small = await seenTwice(await photo(900, 639, 1))
  assert.equal(small.enough, null)
  assert.deepEqual(small.reduced, small.whole)
  const png = await sharp(await photo(1000, 800, 1))
    .png()
    .toBuffer()
  const { enough, decoded } = await seenTwice(png)
  assert.notEqual(enough, null)
  assert.equal(decoded.width, 1000)
})
