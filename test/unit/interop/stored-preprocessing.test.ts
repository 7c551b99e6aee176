/** The files are those that the models named in the tests are published with, as far as images are concerned. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { storedPreprocessing } from '../../../src/interop/stored-preprocessing.ts'

const of = (preprocessor: Record<string, unknown>, imageSize = 224) =>
  storedPreprocessing({ preprocessor, config: null }, imageSize)
const ofTimm = (pretrained: Record<string, unknown>, imageSize = 224) =>
  storedPreprocessing({ preprocessor: null, config: { pretrained_cfg: pretrained } }, imageSize)

const DINOV2 = {
  image_processor_type: 'BitImageProcessor',
  do_resize: true,
  size: { shortest_edge: 256 },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: 224, width: 224 }
}

test('the shorter side, then a square from the middle, as DINOv2 says', () => {
  const rule = { resize: 'shorter_side', side: 256, interpolation: 'bicubic', crop: 224 }
  assert.deepEqual(of(DINOV2), rule)
  assert.deepEqual(of({ ...DINOV2, do_resize: undefined, do_center_crop: undefined, resample: undefined }), rule)
})

test('at another size the proportions stay', () => {
  assert.deepEqual(of(DINOV2, 518), { resize: 'shorter_side', side: 592, interpolation: 'bicubic', crop: 518 })
})

test('both sides, whatever the shape, as ViT and the published dino-vits16 say', () => {
  const rule = { resize: 'both_sides', side: 224, interpolation: 'bilinear', crop: 224 }
  const vit = { image_processor_type: 'ViTImageProcessor', size: { height: 224, width: 224 }, resample: 2 }
  assert.deepEqual(of(vit), rule)
  const dino = { feature_extractor_type: 'ViTFeatureExtractor', do_resize: true, size: 224, resample: 2 }
  assert.deepEqual(of(dino), rule)
})

test('both sides, then a square from the middle, as DeiT says', () => {
  const deit = { feature_extractor_type: 'DeiTFeatureExtractor', size: 256, crop_size: 224, do_center_crop: true }
  assert.deepEqual(of(deit), { resize: 'both_sides', side: 256, interpolation: 'bicubic', crop: 224 })
})

test('a plain number is the shorter side where the processor takes it so', () => {
  const clip = { feature_extractor_type: 'CLIPFeatureExtractor', size: 224, crop_size: 224, do_center_crop: true }
  assert.deepEqual(of(clip), { resize: 'shorter_side', side: 224, interpolation: 'bicubic', crop: 224 })
})

test("timm's share and filter", () => {
  const timm = { input_size: [3, 224, 224], crop_pct: 0.9, interpolation: 'bicubic' }
  assert.deepEqual(ofTimm(timm), { resize: 'shorter_side', side: 248, interpolation: 'bicubic', crop: 224 })
  assert.deepEqual(ofTimm({ ...timm, crop_pct: 1, interpolation: 'bilinear', crop_mode: 'squash' }), {
    resize: 'both_sides',
    side: 224,
    interpolation: 'bilinear',
    crop: 224
  })
})

test('files that say nothing of it have no rule', () => {
  assert.equal(of({ image_mean: [0.5], image_std: [0.5] }), null)
  assert.equal(ofTimm({ mean: [0.5], input_size: [3, 16, 16] }), null)
  assert.equal(storedPreprocessing({ preprocessor: null, config: null }, 224), null)
})

for (const [what, fields, words] of [
  ['another filter', { resample: 1 }, /resamples by 1/],
  ['no resize', { do_resize: false }, /does not resize/],
  ['any shape', { do_center_crop: false }, /leaves the shape/],
  ['padding', { size: { shortest_edge: 200 } }, /pads 200 pixels to 224/],
  ['a rectangle', { crop_size: { height: 224, width: 336 } }, /asks for the size/],
  ['a size that is none', { size: { shortest_edge: 'all' } }, /resizes to 0/],
  ['a size that is no number any more', { size: { shortest_edge: 1e308 } }, /resizes to 1e\+308/],
  ['a cut of hardly anything', { size: { shortest_edge: 224_000 } }, /resizes to 224000 and cuts 224/],
  ['a longest side', { size: { longest_edge: 224 } }, /asks for the size/]
] as const) {
  test(`${what} is refused by name instead of being replaced`, () => {
    assert.throws(
      () => of({ ...DINOV2, ...fields }),
      (error) => isAppError(error, 'weights_unsupported') && words.test(error.message)
    )
  })
}

test("timm's shares that are none are refused", () => {
  for (const share of [0, 1e-7, '0.9'])
    assert.throws(
      () => ofTimm({ input_size: [3, 224, 224], crop_pct: share, interpolation: 'bicubic' }),
      (error) => isAppError(error, 'weights_unsupported'),
      String(share)
    )
})

test("timm's border, which pads, is refused", () => {
  const timm = { input_size: [3, 224, 224], crop_pct: 0.9, crop_mode: 'border' }
  assert.throws(() => ofTimm(timm), /crops by "border"/)
})
