/** Files of PyTorch, number by number, and what is refused of real layouts. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import { isLazyTensor } from '../../../src/interop/tensor-source.ts'
import { readTorchFile } from '../../../src/interop/torch-file.ts'
import type { WeightOptions } from '../../../src/recipe/weight-options.ts'
import { golden, WEIGHTS_FOLDER } from './golden.ts'

for (const name of ['kinds.pth', 'kinds-legacy.pth']) {
  test(`${name}: every type of number, views, parameters`, async () => {
    const file = await open(join(WEIGHTS_FOLDER, name))
    try {
      const value = await readTorchFile(file)
      assert.ok(value instanceof Map)
      assert.deepEqual([...value.keys()], Object.keys(golden.kinds))
      for (const [key, { shape, values }] of Object.entries(golden.kinds)) {
        const tensor = value.get(key)
        assert.ok(isLazyTensor(tensor), key)
        assert.deepEqual([tensor.shape, [...(await tensor.read())]], [shape, values], key)
      }
    } finally {
      await file.close()
    }
  })
}

const importing = (file: string, options: WeightOptions = {}) => importWeights(join(WEIGHTS_FOLDER, file), options)

const FORMATS = {
  'dino-backbone.pth': 'dino',
  'dino-full.pth': 'dino',
  'ibot-full.pth': 'ibot',
  'dinov2.pth': 'dinov2',
  'hf-vit': 'huggingface',
  'hf-classifier': 'huggingface',
  'hf-dinov2': 'huggingface',
  'timm-vit': 'timm',
  'timm-dinov2': 'timm'
}

for (const [file, format] of Object.entries(FORMATS)) {
  test(`${file} is recognized as ${format}, with its sizes`, async () => {
    const imported = await importing(file, { heads: 2 })
    const { dim, depth, heads, mlpRatio, channels } = imported.network
    assert.equal(imported.format, format)
    assert.deepEqual([dim, depth, heads, mlpRatio, channels], [32, 2, 2, 2, 3])
  })
}

test('a width of 64 has one head, another width is asked about', async () => {
  assert.equal((await importing('dino-half.pth')).network.heads, 1)
  await assert.rejects(
    importing('dino-backbone.pth'),
    (error) => isAppError(error, 'weights_unsupported') && error.message.includes('--heads')
  )
  await assert.rejects(importing('dino-backbone.pth', { heads: 5 }), /5 heads do not divide/)
})

test("Hugging Face's epsilon comes from its configuration", async () => {
  assert.equal((await importing('hf-vit')).network.layerNormEps, 1e-12)
  assert.equal((await importing('hf-classifier')).network.layerNormEps, 1e-6)
})

for (const [file, format, registers] of [
  ['dinov2-registers.pth', 'dinov2', 4],
  ['hf-registers', 'huggingface', 3],
  ['timm-registers', 'timm', 4]
] as const) {
  test(`${file}: registers are found, and positions go to another size averaged, as their own code does it`, async () => {
    const imported = await importing(file, { heads: 2, imageSize: 20 })
    assert.deepEqual([imported.format, imported.network.registers], [format, registers])
    assert.equal(imported.weights['backbone.register_tokens']!.length, registers * imported.network.dim)
    assert.equal(imported.resampling, 'antialias')
  })
}

for (const file of ['dinov2-swiglu.pth', 'hf-swiglu', 'timm-swiglu']) {
  test(`${file}: gated layers are found, with the width of two thirds`, async () => {
    const { network, weights } = await importing(file, { heads: 2 })
    const { mlpRatio, gatedDim } = network
    assert.deepEqual([mlpRatio, gatedDim], [4, 48])
    assert.equal(weights['backbone.blocks.0.mlp.w12.weight']!.length, 2 * 48 * 16)
  })
}

test('DINOv3 has rotary positions, at the size that is asked for or else configured, and keys without a bias', async () => {
  const { network, weights, resampling, leftOut } = await importing('hf-dinov3')
  assert.deepEqual(
    [network.positions, network.registers, network.imageSize, network.layerNormEps],
    ['rotary', 4, 16, 1e-5]
  )
  assert.ok(!('backbone.pos_embed' in weights))
  const bias = weights['backbone.blocks.0.attn.qkv.bias']!
  const isZero = (from: number) => bias.subarray(from, from + 16).every((value) => value === 0)
  assert.deepEqual([0, 16, 32].map(isZero), [false, true, false])
  assert.deepEqual([resampling, leftOut.map(({ name }) => name)], [null, ['embeddings.mask_token']])
  const larger = await importing('hf-dinov3-gated', { imageSize: 24 })
  assert.deepEqual([larger.network.imageSize, larger.network.gatedDim, larger.network.registers], [24, 48, undefined])
})

test('a DINOv3 whose configuration is another is refused with what it says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-dinov3-'))
  t.after(() => rm(folder, { recursive: true }))
  await cp(join(WEIGHTS_FOLDER, 'hf-dinov3'), folder, { recursive: true })
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  for (const [changes, reason] of [
    [{ rope_theta: 10000 }, /have the base 10000/],
    [{ hidden_act: 'silu' }, /activation of plain feed-forward layers is "silu", and not gelu/],
    [{ image_size: 18 }, /18 px are no multiple of the patch size 4/],
    [{ image_size: undefined }, /Nothing says the size of images; "imageSize"/],
    [{ num_attention_heads: 8 }, /8 heads do not divide the width of 16 into fours/]
  ] as const) {
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }))
    await assert.rejects(
      importWeights(folder, {}),
      (error) => isAppError(error, 'weights_unsupported') && reason.test(error.message)
    )
  }
})

test('a class token without a position of its own has the position 0', async () => {
  const { network, weights } = await importing('timm-registers', { heads: 2 })
  const table = weights['backbone.pos_embed']!
  assert.equal(table.length, 17 * network.dim)
  assert.ok(table.subarray(0, network.dim).every((value) => value === 0))
  assert.ok(table.subarray(network.dim).every((value) => value !== 0))
})

test('what is left out is said, with the reason', async () => {
  const left = async (file: string) => (await importing(file, { heads: 2 })).leftOut.map(({ name }) => name)
  assert.deepEqual(await left('dinov2.pth'), ['mask_token'])
  assert.deepEqual(await left('hf-vit'), ['pooler.dense.bias', 'pooler.dense.weight'])
  assert.deepEqual(await left('timm-vit'), ['head.bias', 'head.weight'])
  assert.deepEqual(await left('ibot-full.pth'), ['head.last_layer2.weight_g', 'head.last_layer2.weight_v'])
})

test('of a training checkpoint the teacher is taken, and the rest is named', async () => {
  const { files } = await importing('dino-full.pth', { heads: 2 })
  assert.equal(files.part, 'teacher')
  assert.deepEqual(files.otherParts, ['student', 'optimizer', 'epoch', 'dino_loss', 'fp16_scaler'])
})

test('an image size that the patch does not divide is refused', async () => {
  await assert.rejects(importing('dino-backbone.pth', { heads: 2, imageSize: 18 }), /no multiple of the patch size/)
})
