import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiCrop } from '../../../src/images/multi-crop.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { drawImage } from '../../helpers/images.ts'

const photo = drawImage({ width: 90, height: 60, channels: 3 }, 3)
const recipe = resolveRecipe({ preset: 'small-images', method: 'dino' })
const key = { seed: 1, epoch: 2, index: 3 }

test('two global and the local crops come out in their sizes', () => {
  const { global, local } = multiCrop(photo, recipe, key)
  assert.equal(global.length, 2 * 32 * 32 * 3)
  assert.equal(local.length, 4 * 16 * 16 * 3)
})

test('crops are a function of seed, epoch and image', () => {
  const crops = (changes: object) => multiCrop(photo, recipe, { ...key, ...changes }).global.join()
  assert.equal(crops({}), crops({}))
  assert.equal(new Set([crops({}), crops({ seed: 2 }), crops({ epoch: 3 }), crops({ index: 4 })]).size, 4)
})

test('crops of one image differ from one another', () => {
  const { global } = multiCrop(photo, recipe, key)
  assert.notDeepEqual(global.subarray(0, 3072), global.subarray(3072))
})

test('gray images become colour crops and colour images gray ones', () => {
  const gray = drawImage({ width: 40, height: 40, channels: 1 })
  const still = { augmentation: { jitter: { probability: 0 } } }
  const { global } = multiCrop(
    gray,
    resolveRecipe({ preset: 'small-images', method: 'dino', hyperparameters: still }),
    key
  )
  for (let i = 0; i < global.length; i += 3) assert.ok(global[i] === global[i + 1] && global[i] === global[i + 2])
  assert.equal(multiCrop(photo, resolveRecipe({ preset: 'demo', method: 'dino' }), key).global.length, 2 * 28 * 28)
})

/** Share of 400 draws in which one augmentation, alone and with probability `probability`, changed crop `crop`. */
function shareChanged(augmentation: object, crop: 0 | 1): number {
  const off = {
    flip: 0,
    jitter: { probability: 0 },
    grayscale: 0,
    blur: { probability: [0, 0, 0] as [number, number, number] },
    solarize: 0
  }
  const build = (values: object) =>
    resolveRecipe({
      preset: 'small-images',
      method: 'dino',
      hyperparameters: {
        crops: { global: { scale: [1, 1] }, local: { count: 0 }, aspectRatio: [1.5, 1.5] },
        augmentation: { ...off, ...values }
      }
    })
  const size = 32 * 32 * 3
  const plain = build({})
  const changed = build(augmentation)
  let count = 0
  for (let index = 0; index < 400; index++) {
    const crops = [plain, changed].map((r) =>
      multiCrop(photo, r, { ...key, index }).global.subarray(crop * size, (crop + 1) * size)
    )
    if (Buffer.compare(crops[0]!, crops[1]!) !== 0) count++
  }
  return count / 400
}

test('each augmentation happens as often as the recipe says, on the crops it says', () => {
  const about = (share: number, expected: number) =>
    assert.ok(Math.abs(share - expected) < 0.08, `${share} not ${expected}`)
  about(shareChanged({ flip: 0.5 }, 0), 0.5)
  about(shareChanged({ grayscale: 0.2 }, 0), 0.2)
  about(shareChanged({ jitter: { probability: 0.8, brightness: 0.4 } }, 0), 0.8)
  about(shareChanged({ solarize: 0.2 }, 0), 0)
  about(shareChanged({ solarize: 0.2 }, 1), 0.2)
  about(shareChanged({ blur: { probability: [1, 0.1, 0.5], sigma: [0.8, 2] } }, 0), 1)
  about(shareChanged({ blur: { probability: [1, 0.1, 0.5], sigma: [0.8, 2] } }, 1), 0.1)
})
