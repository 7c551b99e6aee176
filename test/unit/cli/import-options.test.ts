import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { weightOptions } from '../../../src/cli/import.ts'

test('flags become options, and what is not said stays unsaid', () => {
  assert.deepEqual(weightOptions({}), {})
  assert.deepEqual(
    weightOptions({
      format: 'dinov2',
      arch: 'vit_small',
      heads: '6',
      'image-size': '224',
      resampling: 'size',
      network: 'student',
      mean: '0.5, 0.5,0.5',
      std: '0.5,0.5,0.5',
      temperature: '0.07',
      method: 'dino-vmf'
    }),
    {
      format: 'dinov2',
      arch: 'vit_small',
      heads: 6,
      imageSize: 224,
      resampling: 'size',
      network: 'student',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      temperature: 0.07,
      method: 'dino-vmf'
    }
  )
})

for (const [flag, value] of [
  ['format', 'dinov3'],
  ['arch', 'resnet50'],
  ['heads', '0'],
  ['image-size', 'large'],
  ['image-size', '4097'],
  ['mean', '0.5,,0.5'],
  ['temperature', 'warm']
] as const) {
  test(`--${flag} ${value} is refused by its name`, () => {
    assert.throws(
      () => weightOptions({ [flag]: value }),
      (error) => isAppError(error, 'invalid_request') && error.message.includes(`--${flag}`)
    )
  })
}
