import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiCrop } from '../../../src/images/multi-crop.ts'
import { type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
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
  const unjittered = { augmentation: { jitter: { probability: 0 } } }
  const { global } = multiCrop(
    gray,
    resolveRecipe({ preset: 'small-images', method: 'dino', hyperparameters: unjittered }),
    key
  )
  for (let i = 0; i < global.length; i += 3) assert.ok(global[i] === global[i + 1] && global[i] === global[i + 2])
  assert.equal(multiCrop(photo, resolveRecipe({ preset: 'demo', method: 'dino' }), key).global.length, 2 * 28 * 28)
})

const still = {
  flip: 0,
  jitter: { probability: 0 },
  grayscale: 0,
  blur: { probability: [0, 0, 0] as [number, number, number] },
  solarize: 0
}

/** 200 draws of both global crops, of a small image since only their being changed matters. */
function drawGlobals(augmentation: object): Uint8Array[] {
  const image = drawImage({ width: 24, height: 16, channels: 3 }, 3)
  const crops = {
    global: { size: 16, scale: [1, 1] as [number, number] },
    local: { count: 0 },
    aspectRatio: [1.5, 1.5]
  }
  const hyperparameters = { crops, augmentation: { ...still, ...augmentation } } as RecipeRequest['hyperparameters']
  const r = resolveRecipe({ preset: 'small-images', method: 'dino', hyperparameters })
  return Array.from({ length: 200 }, (_, index) => multiCrop(image, r, { ...key, index }).global)
}

test('each augmentation happens as often as the recipe says, on the crops it says', () => {
  const plain = drawGlobals({})
  const expectShares = (augmentation: object, expected: readonly [first: number, second: number]) => {
    const drawn = drawGlobals(augmentation)
    for (const crop of [0, 1] as const) {
      const of = (global: Uint8Array) => global.subarray(crop * 768, (crop + 1) * 768)
      const share = drawn.filter((global, i) => Buffer.compare(of(global), of(plain[i]!)) !== 0).length / 200
      assert.ok(Math.abs(share - expected[crop]) < 0.1, `${JSON.stringify(augmentation)} crop ${crop}: ${share}`)
    }
  }
  expectShares({ flip: 0.5 }, [0.5, 0.5])
  expectShares({ grayscale: 0.2 }, [0.2, 0.2])
  expectShares({ jitter: { probability: 0.8, brightness: 0.4 } }, [0.8, 0.8])
  expectShares({ solarize: 0.2 }, [0, 0.2])
  expectShares({ blur: { probability: [1, 0.1, 0.5], sigma: [0.8, 2] } }, [1, 0.1])
})
