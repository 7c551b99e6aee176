import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ErrorCode, isAppError } from '../../../src/base/errors.ts'
import { encodeSafetensors, type FloatTensor } from '../../../src/base/safetensors.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import { gatedDimOf } from '../../../src/recipe/network.ts'
import type { WeightOptions } from '../../../src/recipe/weight-options.ts'
import { backboneParameters } from '../../../src/ssl/parameters.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-names-'))
})
after(() => rm(folder, { recursive: true }))

const NETWORK = { dim: 8, depth: 1, heads: 2, mlpRatio: 2, patchSize: 2, channels: 3, imageSize: 4 }

/** A network in DINO's names, filled with their lengths. */
function official(): Map<string, FloatTensor> {
  const sizes = { ...NETWORK, headHiddenDim: 0, bottleneckDim: 0, prototypes: 0 }
  return new Map(
    backboneParameters(sizes).map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(name.length)
      return [name.replace('backbone.', ''), { shape, data }]
    })
  )
}

const tensorOf = (...shape: number[]): FloatTensor => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1)
})

let files = 0
async function importing(tensors: Map<string, FloatTensor>, options: WeightOptions = { heads: 2 }) {
  const path = join(folder, `${files++}.safetensors`)
  await writeFile(path, encodeSafetensors(tensors))
  return importWeights(path, options)
}

async function refuses(tensors: Map<string, FloatTensor>, code: ErrorCode, reasons: readonly RegExp[]): Promise<void> {
  await assert.rejects(importing(tensors), (error) => {
    assert.ok(isAppError(error, code), String(error))
    for (const reason of reasons) assert.match(error.message, reason)
    return true
  })
}

test('all names there: nothing is left out, every tensor is of its own', async () => {
  const { weights, network, leftOut } = await importing(official())
  assert.deepEqual(leftOut, [])
  assert.deepEqual([network.dim, network.depth, network.imageSize], [8, 1, 4])
  for (const [name, values] of Object.entries(weights)) assert.equal(values[0], name.length, name)
})

test('names that are missing, left over or of another shape are listed, all of them', async () => {
  const tensors = official()
  tensors.delete('norm.bias')
  tensors.delete('blocks.0.attn.qkv.bias')
  tensors.set('blocks.0.attn.extra', tensorOf(3))
  tensors.set('cls_token', tensorOf(1, 1, 4))
  await refuses(tensors, 'weights_mismatch', [
    /norm\.bias is missing/,
    /blocks\.0\.attn\.qkv\.bias is missing/,
    /blocks\.0\.attn\.extra is left over/,
    /cls_token has the shape \[1,1,4\], not \[1,1,8\]/
  ])
})

test('a long list is cut in the message and whole in the errors', async () => {
  const tensors = official()
  for (let i = 0; i < 40; i++) tensors.set(`surplus.${i}`, tensorOf(1))
  await assert.rejects(importing(tensors), (error) => {
    assert.ok(isAppError(error, 'weights_mismatch'))
    assert.match(error.message, /and 32 more/)
    return error.details.errors?.length === 40
  })
})

test('half of a head is no head', async () => {
  const tensors = official()
  tensors.set('head.last_layer.weight_v', tensorOf(5, 4))
  tensors.set('head.mlp.0.weight', tensorOf(6, 8))
  await refuses(tensors, 'weights_mismatch', [/head\.mlp\.0\.bias is missing/, /head\.last_layer\.weight_g is missing/])
})

test('wrappers are taken off, and two tensors of one name are refused', async () => {
  const wrapped = new Map([...official()].map(([name, value]) => [`module.backbone.${name}`, value]))
  assert.equal(Object.keys((await importing(wrapped)).weights).length, wrapped.size)
  wrapped.set('cls_token', tensorOf(1, 1, 8))
  await refuses(wrapped, 'weights_unsupported', [/Two tensors would both be cls_token/])
})

test("DINOv2's chunks of blocks are blocks", async () => {
  const chunked = new Map([...official()].map(([name, value]) => [name.replace('blocks.0.', 'blocks.0.0.'), value]))
  assert.equal((await importing(chunked)).network.depth, 1)
})

test('numbers that are not finite are refused', async () => {
  const tensors = official()
  tensors.get('norm.weight')!.data[3] = Number.NaN
  await refuses(tensors, 'weights_unsupported', [/norm\.weight holds numbers that are not finite/])
})

const STRANGERS: Record<string, RegExp> = {
  'fc_norm.weight': /average over patch tokens/,
  'norm_pre.weight': /normalization before the first block/,
  'blocks.0.attn.q_norm.weight': /normalized queries/,
  'rope_embed.periods': /DINOv3's own names; its weights for transformers are read/,
  'layer.0.attention.k_proj.bias': /a bias of the keys/,
  'blocks.0.mlp.fc1_g.weight': /SwiGLU feed-forward layers in three parts/,
  'layers.0.blocks.0.attn.qkv.weight': /Swin/
}

for (const [name, reason] of Object.entries(STRANGERS)) {
  test(`${name} is refused as what it stands for`, async () => {
    await refuses(official().set(name, tensorOf(8)), 'weights_unsupported', [reason])
  })
}

test('what is no vision transformer is refused', async () => {
  await refuses(new Map([['weight', tensorOf(2, 2)]]), 'weights_unsupported', [/they begin with weight/])
})

test('gated layers are as wide as DINOv2 makes them, or refused with their width', async () => {
  const gated = (hidden: number) => {
    const tensors = official()
    for (const name of ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias']) tensors.delete(`blocks.0.mlp.${name}`)
    return tensors
      .set('blocks.0.mlp.w12.weight', tensorOf(2 * hidden, 8))
      .set('blocks.0.mlp.w12.bias', tensorOf(2 * hidden))
      .set('blocks.0.mlp.w3.weight', tensorOf(8, hidden))
      .set('blocks.0.mlp.w3.bias', tensorOf(8))
  }
  // Two thirds of 4 · 8 are 21, rounded up to eights 24.
  const { network } = await importing(gated(24))
  assert.deepEqual([network.gatedDim, network.mlpRatio], [24, 4])
  await refuses(gated(20), 'weights_unsupported', [/SwiGLU layers of 20 are not two thirds/])
  await refuses(gated(24).set('blocks.0.mlp.w3.weight', tensorOf(24, 8)), 'weights_mismatch', [
    /w12\.weight has the shape \[48,8\]/
  ])
})

test('DINOv2’s ViT-g has the width, the gate and the heads that were published', () => {
  // 4096 between, from 1536 · 4 (facebookresearch/dinov2, vit_giant2).
  assert.equal(gatedDimOf({ dim: 1536, mlpRatio: 4 }), 4096)
  assert.equal(gatedDimOf({ dim: 384, mlpRatio: 4 }), 1024)
})

test('positions that are no square are refused', async () => {
  await refuses(official().set('pos_embed', tensorOf(1, 7, 8)), 'weights_unsupported', [/Positions for 7 tokens/])
})

test('positions of more patches than are served are refused by their name, unless fewer are asked for', async () => {
  const tensors = official().set('pos_embed', tensorOf(1, 1 + 130 ** 2, 8))
  await refuses(tensors, 'weights_unsupported', [/^pos_embed: 260 px in patches of 2, .* are 16901 tokens/])
  assert.equal((await importing(tensors, { heads: 2, imageSize: 4 })).network.imageSize, 4)
})

test('widths whose heads are not 64 wide are asked about, and the answer is used', async () => {
  await assert.rejects(importing(official(), {}), /--heads/)
  assert.equal((await importing(official(), { heads: 4 })).network.heads, 4)
})

test('a given format must be that of the names', async () => {
  await assert.rejects(
    importing(official(), { heads: 2, format: 'huggingface' }),
    /do not have the names of Hugging Face/
  )
  assert.equal((await importing(official(), { heads: 2, format: 'timm' })).format, 'timm')
})

test('a block of a number that no network reaches is refused at once, not looked for one by one', async () => {
  const tensors = official()
  tensors.set('blocks.999999999.norm1.weight', tensorOf(NETWORK.dim))
  await refuses(tensors, 'weights_unsupported', [/Of 1000000000 blocks most are missing/])
})
