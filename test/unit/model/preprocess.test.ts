import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resizeImage } from '../../../src/images/resize.ts'
import { preprocessImage } from '../../../src/model/preprocess.ts'
import { decodeImage, drawImage, encodeImage } from '../../helpers/images.ts'

test('an image of the right size is seen as it is', async () => {
  const image = drawImage({ width: 28, height: 28, channels: 1 })
  assert.deepEqual(preprocessImage(image, { imageSize: 28, channels: 1 }), image.data)
  const bytes = await encodeImage(image, 'png')
  assert.deepEqual(preprocessImage(await decodeImage(bytes), { imageSize: 28, channels: 1 }), image.data)
})

test('another one is the center of its resized version', () => {
  const image = drawImage({ width: 128, height: 64, channels: 3 }, 5)
  const seen = preprocessImage(image, { imageSize: 28, channels: 3 })
  const whole = resizeImage(image, { width: 64, height: 32, interpolation: 'bicubic' })
  for (let y = 0; y < 28; y++) {
    const from = ((y + 2) * 64 + 18) * 3
    assert.deepEqual(seen.subarray(y * 84, y * 84 + 84), whole.data.subarray(from, from + 84))
  }
})

test('colour is converted to what the model was trained on', () => {
  const image = drawImage({ width: 40, height: 30, channels: 3 })
  assert.equal(preprocessImage(image, { imageSize: 16, channels: 1 }).length, 256)
  const gray = drawImage({ width: 40, height: 30, channels: 1 })
  assert.equal(preprocessImage(gray, { imageSize: 16, channels: 3 }).length, 768)
})
