import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { resizeImage } from '../../../src/images/resize.ts'
import { preprocessImage } from '../../../src/model/preprocess.ts'
import { cutFromLarger, seenWhole } from '../../../src/recipe/preprocessing.ts'
import { decodeImage, drawImage, encodeImage } from '../../helpers/images.ts'

test('an image of the right size is seen as it is by a model that sees images whole', async () => {
  const target = { preprocessing: seenWhole(28), channels: 1 } as const
  const image = drawImage({ width: 28, height: 28, channels: 1 })
  assert.deepEqual(preprocessImage(image, target), image.data)
  const bytes = await encodeImage(image, 'png')
  assert.deepEqual(preprocessImage(await decodeImage(bytes), target), image.data)
})

test('size makes no difference to the rule: an image and its copy of twice the size are cut alike', () => {
  const image = drawImage({ width: 28, height: 28, channels: 1 })
  const large = resizeImage(image, { width: 280, height: 280, interpolation: 'bicubic' })
  for (const preprocessing of [seenWhole(28), cutFromLarger(28)]) {
    const target = { preprocessing, channels: 1 } as const
    const small = preprocessImage(image, target)
    const apart = preprocessImage(large, target).reduce((sum, value, i) => sum + Math.abs(value - small[i]!), 0) / 784
    // Resampling twice blurs the square's edges; a cut at another place is 15 away and more.
    assert.ok(apart < 6, `${apart} for ${preprocessing.side}`)
  }
})

test('a larger one is the center of its resized version', () => {
  const image = drawImage({ width: 128, height: 64, channels: 3 }, 5)
  const seen = preprocessImage(image, { preprocessing: cutFromLarger(28), channels: 3 })
  const whole = resizeImage(image, { width: 64, height: 32, interpolation: 'bicubic' })
  for (let y = 0; y < 28; y++) {
    const from = ((y + 2) * 64 + 18) * 3
    assert.deepEqual(seen.subarray(y * 84, y * 84 + 84), whole.data.subarray(from, from + 84))
  }
})

test('colour is converted to what the model was trained on', () => {
  const image = drawImage({ width: 40, height: 30, channels: 3 })
  assert.equal(preprocessImage(image, { preprocessing: seenWhole(16), channels: 1 }).length, 256)
  const gray = drawImage({ width: 40, height: 30, channels: 1 })
  assert.equal(preprocessImage(gray, { preprocessing: seenWhole(16), channels: 3 }).length, 768)
})

test('an image that is far longer than wide is refused where both sides are resized, before it takes the memory', () => {
  const image = { data: new Uint8Array(2 * 402), width: 2, height: 402, channels: 1 } as const
  const both = { ...seenWhole(16), resize: 'both_sides' } as const
  assert.throws(
    () => preprocessImage(image, { preprocessing: both, channels: 1 }),
    (error) => isAppError(error, 'image_invalid') && /2 × 402 pixels/.test(error.message)
  )
  assert.equal(preprocessImage(image, { preprocessing: seenWhole(16), channels: 1 }).length, 256)
  const long = { ...image, data: new Uint8Array(2 * 400), height: 400 }
  assert.equal(preprocessImage(long, { preprocessing: both, channels: 1 }).length, 256)
})
