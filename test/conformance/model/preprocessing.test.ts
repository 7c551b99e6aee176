/**
 * What a model sees of a photograph of any shape, against transformers with the preprocessor_config.json that our export
 * writes, and against torchvision's Resize and CenterCrop on PIL images. The tolerance is zero: the arithmetic of either is
 * Pillow's, and so is ours. Made by test/conformance/scripts/preprocessing.py.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Image } from '../../../src/images/image.ts'
import { withChannels } from '../../../src/images/pixels.ts'
import { resizeImage } from '../../../src/images/resize.ts'
import { roundHalfEven } from '../../../src/math/crop-geometry.ts'
import { huggingFaceProcessor } from '../../../src/model/hugging-face.ts'
import { preprocessImage } from '../../../src/model/preprocess.ts'
import type { Preprocessing } from '../../../src/recipe/preprocessing.ts'
import { decodeImage } from '../../helpers/images.ts'

interface Case {
  readonly rule: string
  readonly shape: string
  readonly box: readonly [left: number, top: number, width: number, height: number]
  readonly channels: 1 | 3
  readonly torchvision: string
  readonly transformers: string
  readonly tensorBackend: { readonly most: number; readonly mean: number }
}

interface Golden {
  readonly rules: Readonly<Record<string, { readonly preprocessing: Preprocessing; readonly processor: object }>>
  readonly cases: readonly Case[]
}

const golden = new URL('../golden/', import.meta.url)
const { rules, cases }: Golden = JSON.parse(readFileSync(new URL('preprocessing.json', golden), 'utf8'))
const photo = await decodeImage(readFileSync(new URL('photos/chelsea.jpg', golden)))
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

function cut({ data, width: stride, channels }: Image, [left, top, width, height]: Case['box']): Image {
  const rows = Array.from({ length: height }, (_, y) => {
    const from = ((top + y) * stride + left) * channels
    return data.subarray(from, from + width * channels)
  })
  return { data: new Uint8Array(Buffer.concat(rows)), width, height, channels }
}

const imageOf = ({ box, channels }: Case): Image => withChannels(cut(photo, box), channels)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const named = ({ rule, shape, channels }: Case): string => `${rule}, ${shape}, ${channels} channels`

/** Of the whole resized image, with the offset that torchvision takes. */
function asTorchvision(image: Image, { resize, side, interpolation, crop }: Preprocessing) {
  const short = Math.min(image.width, image.height)
  const to = (length: number): number => (resize === 'both_sides' ? side : Math.floor((side * length) / short))
  const whole = resizeImage(image, { width: to(image.width), height: to(image.height), interpolation })
  const left = roundHalfEven((whole.width - crop) / 2)
  const top = roundHalfEven((whole.height - crop) / 2)
  const isShifted = [whole.width, whole.height].some((length) => (length - crop) % 4 === 3)
  return { bytes: cut(whole, [left, top, crop, crop]).data, isShifted }
}

for (const [name, { preprocessing, processor }] of Object.entries(rules)) {
  const own = cases.filter(({ rule }) => rule === name)

  test(`${name}: transformers sees the same pixels with the file of our export`, () => {
    const written = huggingFaceProcessor({ preprocessing, normalization: IMAGENET, channels: 3 })
    assert.deepEqual(written, { image_processor_type: 'BitImageProcessor', ...processor })
    assert.equal(own.length, 22)
    for (const c of own) {
      const seen = preprocessImage(imageOf(c), { preprocessing, channels: c.channels })
      assert.equal(sha256(seen), c.transformers, named(c))
    }
  })

  test(`${name}: so does torchvision, one pixel further where the margin leaves 3 by 4`, () => {
    for (const c of own) {
      const image = imageOf(c)
      const { bytes, isShifted } = asTorchvision(image, preprocessing)
      assert.equal(sha256(bytes), c.torchvision, named(c))
      const seen = preprocessImage(image, { preprocessing, channels: c.channels })
      assert.equal(Buffer.compare(seen, bytes) === 0, !isShifted, named(c))
    }
  })
}

test('the other backend of transformers, which resamples tensors, is at most 2 levels away', () => {
  for (const c of cases) assert.ok(c.tensorBackend.most <= 2 && c.tensorBackend.mean < 0.04, named(c))
})

test('of a square image that is seen whole nothing is changed at its own size', () => {
  const { preprocessing } = rules['whole 28']!
  const image = cut(photo, [101, 60, 28, 28])
  assert.deepEqual(preprocessImage(image, { preprocessing, channels: 3 }), image.data)
})
