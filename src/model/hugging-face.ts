/**
 * The backbone as `transformers` reads it: a ViTModel without a pooler, like the published facebook/dino-vits16, to be loaded
 * with AutoModel.from_pretrained(folder, add_pooling_layer=False). With registers it is a Dinov2WithRegistersModel, with SwiGLU
 * alone a Dinov2Model; they have no pooler to leave out. The embedding is last_hidden_state[:, 0].
 */
import type { FloatTensor } from '../base/safetensors.ts'
import { huggingFaceRules, isOnlyDinov2, LAYER_SCALES } from '../interop/weight-rules.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'
import { LAYER_NORM_EPS, type Network } from '../recipe/network.ts'
import type { ServedNetwork } from './programs.ts'

type Json = Readonly<Record<string, unknown>>

/** For config.json. */
export const huggingFaceConfig = ({ network }: Pick<ServedNetwork, 'network'>): Json => ({
  ...(isOnlyDinov2(network) ? dinov2Config(network) : vitConfig(network)),
  hidden_size: network.dim,
  num_hidden_layers: network.depth,
  num_attention_heads: network.heads,
  hidden_act: 'gelu',
  layer_norm_eps: network.layerNormEps ?? LAYER_NORM_EPS,
  image_size: network.imageSize,
  patch_size: network.patchSize,
  num_channels: network.channels,
  qkv_bias: true,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.02,
  dtype: 'float32'
})

const vitConfig = ({ mlpRatio, dim }: Network): Json => ({
  architectures: ['ViTModel'],
  model_type: 'vit',
  intermediate_size: mlpRatio * dim
})

const dinov2Config = ({ mlpRatio, registers, gatedDim }: Network): Json => ({
  ...(registers
    ? {
        architectures: ['Dinov2WithRegistersModel'],
        model_type: 'dinov2_with_registers',
        num_register_tokens: registers
      }
    : { architectures: ['Dinov2Model'], model_type: 'dinov2' }),
  mlp_ratio: mlpRatio,
  use_swiglu_ffn: gatedDim !== undefined
})

/** Pillow's numbers of its filters. */
const RESAMPLE = { bilinear: 2, bicubic: 3 }

/** For preprocessor_config.json: the rule of preprocess.ts, and the scale. */
export function huggingFaceProcessor(
  config: Pick<ModelFileConfig, 'preprocessing' | 'normalization' | 'channels'>
): Json {
  const { preprocessing, normalization, channels } = config
  const { resize, side, interpolation, crop } = preprocessing
  return {
    image_processor_type: 'BitImageProcessor',
    do_resize: true,
    size: resize === 'both_sides' ? { height: side, width: side } : { shortest_edge: side },
    resample: RESAMPLE[interpolation],
    do_center_crop: true,
    crop_size: { height: crop, width: crop },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: normalization.mean,
    image_std: normalization.std,
    do_convert_rgb: channels === 3
  }
}

/** Every tensor under its name there; queries, keys and values are thirds of ours. What DINOv2 has besides changes nothing. */
export function huggingFaceTensors(
  { network }: Pick<ServedNetwork, 'network'>,
  weights: Readonly<Record<string, Float32Array>>
): Map<string, FloatTensor> {
  const rules = huggingFaceRules({ network, hasLayerScale: false, hasHead: false })
  const ours = rules.flatMap(({ target, sources }) => {
    const values = weights[target]!
    const size = values.length / sources.length
    return sources.map(({ name, shape }, i): [string, FloatTensor] => [
      name,
      { shape, data: values.subarray(i * size, (i + 1) * size) }
    ])
  })
  return new Map([...ours, ...(isOnlyDinov2(network) ? idleTensors(network) : [])])
}

/** Factors of 1 behind the layers, which have the true ones in their rows, and the token of masked patches, of training alone. */
function idleTensors({ dim, depth }: Network): [string, FloatTensor][] {
  const scales = Array.from({ length: depth }, (_, i) =>
    Object.values(LAYER_SCALES).map((name): [string, FloatTensor] => [
      `encoder.layer.${i}.${name}`,
      { shape: [dim], data: new Float32Array(dim).fill(1) }
    ])
  )
  return [...scales.flat(), ['embeddings.mask_token', { shape: [1, dim], data: new Float32Array(dim) }]]
}
