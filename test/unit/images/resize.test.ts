import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resizeImage } from '../../../src/images/resize.ts'
import { drawImage } from '../../helpers/images.ts'

const image = drawImage({ width: 20, height: 12, channels: 3 })
const target = { width: 8, height: 8, interpolation: 'bicubic' } as const

test('a box outside the image, empty or cut in fractions is refused', () => {
  const refused = [
    { left: 15, top: 0, width: 6, height: 6 },
    { left: -1, top: 0, width: 6, height: 6 },
    { left: 0, top: 0, width: 0, height: 6 },
    { left: 0.5, top: 0, width: 6, height: 6 }
  ]
  for (const box of refused) assert.throws(() => resizeImage(image, { ...target, box }), /a box of/)
  const fractions = { left: 0.5, top: 0.25, width: 6.5, height: 6 }
  assert.equal(resizeImage(image, { ...target, box: fractions, outside: 'visible' }).data.length, 192)
})

test('what is cut off cannot be seen in the crop, what is only outside the box can', () => {
  const bright = { ...image, data: image.data.slice() }
  for (let y = 0; y < 12; y++) bright.data.fill(255, (y * 20 + 10) * 3, (y + 1) * 60)
  const box = { left: 0, top: 0, width: 10, height: 12 }
  const of = (source: typeof image, outside: 'cut' | 'visible') => resizeImage(source, { ...target, box, outside }).data
  assert.deepEqual(of(bright, 'cut'), of(image, 'cut'))
  assert.notDeepEqual(of(bright, 'visible'), of(image, 'visible'))
})

test('a single pixel fills any size, and any size becomes a single pixel', () => {
  const pixel = drawImage({ width: 1, height: 1, channels: 3 })
  const { data } = resizeImage(pixel, target)
  for (let i = 0; i < data.length; i++) assert.equal(data[i], pixel.data[i % 3])
  const flat = { data: new Uint8Array(300).fill(77), width: 10, height: 10, channels: 3 as const }
  assert.deepEqual([...resizeImage(flat, { ...target, width: 1, height: 1 }).data], [77, 77, 77])
})
