/**
 * The backbone as `transformers` reads it: a ViTModel without a pooler, like the published facebook/dino-vits16, to be loaded
 * with AutoModel.from_pretrained(folder, add_pooling_layer=False). With registers it is a Dinov2WithRegistersModel, with SwiGLU
 * alone a Dinov2Model, with rotary positions a DINOv3ViTModel; they have no pooler to leave out. The embedding is last_hidden_state[:, 0].
 */
import type { FloatTensor } from '../base/safetensors.ts'
import { dinov3Rules } from '../interop/dinov3-rules.ts'
import { huggingFaceRules, isOnlyDinov2, LAYER_SCALES } from '../interop/weight-rules.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'
import { LAYER_NORM_EPS, type Network } from '../recipe/network.ts'
import type { ServedNetwork } from './programs.ts'

type Json = Readonly<Record<string, unknown>>

/** For config.json. */
export const huggingFaceConfig = ({ network }: Pick<ServedNetwork, 'network'>): Json => ({
  ...kindConfig(network),
  hidden_size: network.dim,
  num_hidden_layers: network.depth,
  num_attention_heads: network.heads,
  layer_norm_eps: network.layerNormEps ?? LAYER_NORM_EPS,
  image_size: network.imageSize,
  patch_size: network.patchSize,
  num_channels: network.channels,
  initializer_range: 0.02,
  dtype: 'float32'
})

function kindConfig(network: Network): Json {
  if (network.positions === 'rotary') return dinov3Config(network)
  const plain = { qkv_bias: true, hidden_act: 'gelu', hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }
  return { ...(isOnlyDinov2(network) ? dinov2Config(network) : vitConfig(network)), ...plain }
}

/** What is not said is as DINOv3 has it; transformers takes no JSON integer for the base of its rotations. */
const dinov3Config = ({ mlpRatio, dim, registers = 0, gatedDim }: Network): Json => ({
  architectures: ['DINOv3ViTModel'],
  model_type: 'dinov3_vit',
  intermediate_size: gatedDim ?? mlpRatio * dim,
  use_gated_mlp: gatedDim !== undefined,
  hidden_act: gatedDim === undefined ? 'gelu' : 'silu',
  num_register_tokens: registers
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
  const isDinov3 = network.positions === 'rotary'
  const rules = (isDinov3 ? dinov3Rules : huggingFaceRules)({ network, hasLayerScale: false, hasHead: false })
  const ours = rules.flatMap(({ target, sources }) => {
    const values = weights[target]!
    return sources.map(({ name, shape, at }, i): [string, FloatTensor] => {
      const size = shape.reduce((a, b) => a * b, 1)
      const from = at ?? i * size
      return [name, { shape, data: values.subarray(from, from + size) }]
    })
  })
  return new Map([...ours, ...(isDinov3 || isOnlyDinov2(network) ? idleTensors(network) : [])])
}

/** DINOv3's model has registers even where it has none. */
const noRows = (dim: number): FloatTensor => ({ shape: [1, 0, dim], data: new Float32Array(0) })

/** Factors of 1 behind the layers, which have the true ones in their rows, and the token of masked patches, of training alone. */
function idleTensors({ dim, depth, positions, registers }: Network): [string, FloatTensor][] {
  const isDinov3 = positions === 'rotary'
  const scales = Array.from({ length: depth }, (_, i) =>
    Object.values(LAYER_SCALES).map((name): [string, FloatTensor] => [
      `${isDinov3 ? '' : 'encoder.'}layer.${i}.${name}`,
      { shape: [dim], data: new Float32Array(dim).fill(1) }
    ])
  )
  const mask = { shape: isDinov3 ? [1, 1, dim] : [1, dim], data: new Float32Array(dim) }
  const none = isDinov3 && !registers ? [['embeddings.register_tokens', noRows(dim)] as [string, FloatTensor]] : []
  return [...scales.flat(), ...none, ['embeddings.mask_token', mask]]
}
