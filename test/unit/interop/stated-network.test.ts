/** Folders of transformers whose config.json a stranger has written. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import type { WeightOptions } from '../../../src/recipe/weight-options.ts'
import { WEIGHTS_FOLDER } from '../../conformance/interop/golden.ts'

let root = ''
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-stated-'))
})
after(() => rm(root, { recursive: true }))

type Fields = Readonly<Record<string, unknown>>

/** @param changes text stands for itself where JSON.stringify has no word for a number */
async function importing(name: string, changes: Fields | string, options: WeightOptions = {}) {
  const folder = join(root, name)
  await cp(join(WEIGHTS_FOLDER, name), folder, { recursive: true })
  const config = await readFile(join(WEIGHTS_FOLDER, name, 'config.json'), 'utf8')
  const text = typeof changes === 'string' ? changes : JSON.stringify({ ...JSON.parse(config), ...changes })
  await writeFile(join(folder, 'config.json'), text)
  return importWeights(folder, options)
}

async function refuses(importing: Promise<unknown>, reason: RegExp): Promise<void> {
  await assert.rejects(importing, (error) => {
    assert.ok(isAppError(error, 'weights_unsupported'), String(error))
    assert.match(error.message, reason)
    return true
  })
}

const SIZE = 'image_size of config\\.json must be a whole number of pixels from 1 to 4096, not '
const EPS = 'layer_norm_eps of config\\.json must be a number from 1e-37 to 0\\.1, not '

for (const [field, value, reason] of [
  ['image_size', 20_000, `${SIZE}20000`],
  ['image_size', 4100, `${SIZE}4100`],
  ['image_size', -16, `${SIZE}-16`],
  ['image_size', 0, `${SIZE}0`],
  ['image_size', 1e300, `${SIZE}1e\\+300`],
  ['image_size', 16.5, `${SIZE}16\\.5`],
  ['image_size', '16', `${SIZE}"16"`],
  ['image_size', [16, 16], `${SIZE}\\[16,16\\]`],
  ['image_size', 4096, '^image_size of config\\.json: 4096 px in patches of 4, .* are 1048581 tokens .* at most 16512'],
  ['layer_norm_eps', -1, `${EPS}-1`],
  ['layer_norm_eps', 0, `${EPS}0`],
  ['layer_norm_eps', 1e39, `${EPS}1e\\+39`],
  ['layer_norm_eps', 1e-300, `${EPS}1e-300`],
  ['layer_norm_eps', 5, `${EPS}5`],
  ['layer_norm_eps', '1e-5', `${EPS}"1e-5"`],
  ['num_register_tokens', 0, 'num_register_tokens of config\\.json is 0, and the stored tensors have 4'],
  ['num_channels', 1, 'num_channels of config\\.json is 1, and the stored tensors have 3'],
  ['patch_size', 8, 'patch_size of config\\.json is 8, and the stored tensors have 4'],
  ['hidden_size', 32, 'hidden_size of config\\.json is 32, and the stored tensors have 16'],
  ['num_hidden_layers', 3, 'num_hidden_layers of config\\.json is 3, and the stored tensors have 2'],
  ['use_gated_mlp', true, 'use_gated_mlp of config\\.json is true, and the stored tensors have false'],
  ['rope_parameters', { rope_theta: 10_000 }, 'the base 10000 \\(rope_parameters\\.rope_theta of config\\.json\\)'],
  ['rope_theta', 50, 'the base 50 \\(rope_theta of config\\.json\\)']
] as const) {
  test(`${field} ${JSON.stringify(value)} of a DINOv3 is refused by field and value`, async () => {
    await refuses(importing('hf-dinov3', { [field]: value }), new RegExp(reason))
  })
}

test('gated layers, registers and patches are what is stored, in DINOv3 and in DINOv2', async () => {
  await refuses(importing('hf-dinov3-gated', { use_gated_mlp: false }), /use_gated_mlp .* is false, .* have true/)
  await refuses(importing('hf-dinov3-gated', { num_register_tokens: 4 }), /num_register_tokens .* is 4, .* have 0/)
  await refuses(importing('hf-swiglu', { use_swiglu_ffn: false }), /use_swiglu_ffn .* is false, .* have true/)
  await refuses(importing('hf-dinov2', { use_swiglu_ffn: true }), /use_swiglu_ffn .* is true, .* have false/)
  await refuses(importing('hf-registers', { num_register_tokens: 4 }), /num_register_tokens .* is 4, .* have 3/)
  await refuses(importing('hf-vit', { patch_size: 16 }), /patch_size .* is 16, .* have 4/)
})

test('numbers that JSON writes and no number holds are refused as infinite', async () => {
  await refuses(
    importing('hf-vit', '{"num_attention_heads": 2, "layer_norm_eps": 1e999}'),
    /layer_norm_eps .* Infinity/
  )
  await refuses(importing('hf-dinov3', '{"num_attention_heads": 2, "image_size": 1e999}'), /image_size .* Infinity/)
})

test('what config.json does not say, says as null, or says as a pair of sides is no contradiction', async () => {
  const silent = { use_gated_mlp: undefined, num_register_tokens: null, num_channels: undefined, layer_norm_eps: null }
  const { network } = await importing('hf-dinov3', { ...silent, patch_size: [4, 4], rope_parameters: {} })
  assert.deepEqual([network.registers, network.patchSize, network.layerNormEps], [4, 4, 1e-5])
  await refuses(importing('hf-dinov3', { patch_size: [4, 8] }), /patch_size of config\.json is \[4,8\]/)
})

test('an image is at most 128 patches wide, whoever asks for it and however positions are stored', async () => {
  assert.equal((await importing('hf-dinov3', { image_size: 512 })).network.imageSize, 512)
  await refuses(importing('hf-dinov3', { image_size: 516 }), /^image_size of config\.json: 516 px .* 16646 tokens/)
  await refuses(importing('hf-dinov3', {}, { imageSize: 516 }), /^"imageSize" \(--image-size\): 516 px in patches of 4/)
  await refuses(importing('hf-vit', {}, { imageSize: 4096 }), /^"imageSize" \(--image-size\): 4096 px in patches of 4/)
  await refuses(importing('hf-vit', {}, { imageSize: 20_000 }), /^"imageSize" \(--image-size\) must be .*, not 20000/)
})

test('a person’s size goes before one of config.json that would be refused', async () => {
  assert.equal((await importing('hf-dinov3', { image_size: 1e300 }, { imageSize: 24 })).network.imageSize, 24)
})
