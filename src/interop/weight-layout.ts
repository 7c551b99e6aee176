/** Which layout a set of tensors has, told by their names, after wrappers and heads have been put aside. */
import { AppError } from '../base/errors.ts'
import type { WeightFormat } from '../recipe/weight-options.ts'
import { feedForwardNames } from '../ssl/parameters.ts'
import { dinov3Rules, isDinov3 } from './dinov3-rules.ts'
import { type LazyTensor, NoTensor, shownName, type TensorsByName } from './tensor-source.ts'
import { huggingFaceRules, officialRules, type Rule, type RuleOptions } from './weight-rules.ts'

export interface Layout {
  readonly format: WeightFormat
  readonly tensors: TensorsByName
  /** Names of the landmarks that sizes are read from. */
  readonly names: {
    readonly position: string | null
    readonly patch: string
    readonly widen: string
    readonly narrow: string
  }
  /** SwiGLU feed-forward layers: `widen` makes the gate and what it lets through, `narrow` takes half as much. */
  readonly isGated: boolean
  /** timm's: they have the names of GELU's layers. */
  readonly hasPackedNames: boolean
  /** Of the register tokens; null where there are none. */
  readonly registers: string | null
  /** timm's `no_embed_class`: patches alone have positions. */
  readonly onlyPatchesHavePositions: boolean
  /** Index of a block in a name. */
  readonly block: RegExp
  readonly hasLayerScale: boolean
  readonly hasHead: boolean
  readonly rules: (options: RuleOptions) => Rule[]
  /** What serves training or classifying and is left out, with the reason. */
  readonly leftOut: readonly { readonly pattern: RegExp; readonly reason: string }[]
}

/** What none of our networks has: refused with its name rather than with a list of tensors. */
const UNSUPPORTED: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\.mlp\.(w1|w2|fc1_g|fc1_x)\./, 'SwiGLU feed-forward layers in three parts'],
  [/^fc_norm\./, 'an average over patch tokens instead of the class token'],
  [/^norm_pre\./, 'a normalization before the first block'],
  [/\.(q_norm|k_norm)\./, 'normalized queries and keys'],
  [/^attn_pool\./, 'attention pooling'],
  [/^(dist_token|head_dist\.)/, 'a distillation token'],
  [/^(rope_embed|storage_tokens)/, "DINOv3's own names; its weights for transformers are read"],
  [/^rope|\.rope/, 'rotary positions of another kind than DINOv3ViTModel'],
  [/^layer\.\d+\.attention\.k_proj\.bias$/, 'a bias of the keys beside rotary positions'],
  [/relative_position/, 'relative positions'],
  [/^layers\.\d+\.blocks\./, 'a hierarchy of windows (Swin)'],
  [/^(layer1|conv1)\./, 'convolutions (ResNet)']
]

const WRAPPERS = ['module.', '_orig_mod.', '_fsdp_wrapped_module.']
const BACKBONE_PREFIXES = ['backbone.', 'vit.', 'dinov2.', 'dinov2_with_registers.', 'encoder.', 'model.']

/** @throws AppError weights_unsupported naming what cannot be read */
export function layoutOf(found: TensorsByName, format: WeightFormat | undefined): Layout {
  const tensors = normalizeNames(found)
  for (const [pattern, what] of UNSUPPORTED) {
    const name = [...tensors.keys()].find((key) => pattern.test(key))
    if (name !== undefined)
      throw unsupported(`These weights have ${what} (${shownName(name)}), which Kappa does not have.`)
  }
  if (isDinov3(tensors)) return dinov3Layout(tensors, format)
  if (tensors.has('embeddings.cls_token')) return huggingFaceLayout(tensors, format)
  if (tensors.has('cls_token') && tensors.has('patch_embed.proj.weight')) return officialLayout(tensors, format)
  const some = [...tensors.keys()].slice(0, 5).map(shownName).join(', ')
  throw unsupported(
    `These are not the weights of a vision transformer that Kappa knows: they begin with ${some || 'nothing'}.`
  )
}

export const unsupported = (message: string): AppError => new AppError('weights_unsupported', { message })

function officialLayout(tensors: TensorsByName, given: WeightFormat | undefined): Layout {
  const has = (name: string) => tensors.has(name)
  const hasLayerScale = has('blocks.0.ls1.gamma')
  const told = (): WeightFormat => {
    if (has('head.last_layer2.weight_v') || has('masked_embed')) return 'ibot'
    if (has('mask_token') || has('register_tokens')) return 'dinov2'
    return has('reg_token') || hasLayerScale || has('head.weight') ? 'timm' : 'dino'
  }
  if (given === 'huggingface') throw unsupported('These weights do not have the names of Hugging Face.')
  const format = given ?? told()
  const gated = has('blocks.0.mlp.w12.weight')
  const names = feedForwardNames(gated ? { gatedDim: 0 } : {})
  const hasPackedNames = !gated && isPackedGate(tensors)
  return {
    format,
    tensors,
    names: {
      position: 'pos_embed',
      patch: 'patch_embed.proj.weight',
      widen: `blocks.0.${names.widen}.weight`,
      narrow: `blocks.0.${names.narrow}.weight`
    },
    isGated: gated || hasPackedNames,
    hasPackedNames,
    registers: ['register_tokens', 'reg_token'].find(has) ?? null,
    onlyPatchesHavePositions: format === 'timm' && isSquare(tensors.get('pos_embed')),
    block: /^blocks\.(\d+)\./,
    hasLayerScale,
    hasHead: has('head.last_layer.weight_v'),
    rules: officialRules,
    leftOut: [
      { pattern: /^(masked_embed|mask_token)$/, reason: 'stands for masked patches, in training only' },
      {
        pattern: /^head\.last_layer2\.weight_[gv]$/,
        reason: 'prototypes of patches; images are assigned by their class token'
      },
      { pattern: /^head\.(weight|bias)$/, reason: 'classifier' },
      { pattern: /^(dino_head|ibot_head)\./, reason: "heads of DINOv2's training, which centers by Sinkhorn-Knopp" }
    ]
  }
}

/** Rows of a table [1, rows, dim] that leave none for a class token beside a square of patches. */
const isSquare = (table: LazyTensor | NoTensor | undefined): boolean =>
  table !== undefined && !(table instanceof NoTensor) && Number.isInteger(Math.sqrt(table.shape[1] ?? 0.5))

/** timm's SwiGLUPacked, which has the names of GELU's layers: the second takes half of what the first makes. */
function isPackedGate(tensors: TensorsByName): boolean {
  const [widen, narrow] = ['fc1', 'fc2'].map((name) => tensors.get(`blocks.0.mlp.${name}.weight`))
  if (widen === undefined || narrow === undefined || widen instanceof NoTensor || narrow instanceof NoTensor)
    return false
  return widen.shape[0] === 2 * (narrow.shape[1] ?? 0)
}

function huggingFaceLayout(tensors: TensorsByName, given: WeightFormat | undefined): Layout {
  if (given !== undefined && given !== 'huggingface') {
    throw unsupported(`These weights have the names of Hugging Face, not of ${given}.`)
  }
  const hasLayerScale = tensors.has('encoder.layer.0.layer_scale1.lambda1')
  const isGated = tensors.has('encoder.layer.0.mlp.weights_in.weight')
  const plain = hasLayerScale ? ['mlp.fc1', 'mlp.fc2'] : ['intermediate.dense', 'output.dense']
  const [widen, narrow] = isGated ? ['mlp.weights_in', 'mlp.weights_out'] : plain
  return {
    format: 'huggingface',
    tensors,
    names: {
      position: 'embeddings.position_embeddings',
      patch: 'embeddings.patch_embeddings.projection.weight',
      widen: `encoder.layer.0.${widen}.weight`,
      narrow: `encoder.layer.0.${narrow}.weight`
    },
    isGated,
    hasPackedNames: false,
    registers: tensors.has('embeddings.register_tokens') ? 'embeddings.register_tokens' : null,
    onlyPatchesHavePositions: false,
    block: /^encoder\.layer\.(\d+)\./,
    hasLayerScale,
    hasHead: false,
    rules: huggingFaceRules,
    leftOut: [
      { pattern: /^embeddings\.mask_token$/, reason: 'stands for masked patches, in training only' },
      { pattern: /^pooler\.dense\./, reason: 'a layer behind the class token' },
      { pattern: /^classifier\./, reason: 'classifier' }
    ]
  }
}

function dinov3Layout(tensors: TensorsByName, given: WeightFormat | undefined): Layout {
  if (given !== undefined && given !== 'huggingface') {
    throw unsupported(`These weights have the names of Hugging Face, not of ${given}.`)
  }
  const registers = tensors.get('embeddings.register_tokens')
  const isGated = tensors.has('layer.0.mlp.gate_proj.weight')
  const hasRegisters = registers !== undefined && !(registers instanceof NoTensor) && registers.shape[1] !== 0
  return {
    format: 'huggingface',
    tensors,
    names: {
      position: null,
      patch: 'embeddings.patch_embeddings.weight',
      widen: 'layer.0.mlp.up_proj.weight',
      narrow: 'layer.0.mlp.down_proj.weight'
    },
    isGated,
    hasPackedNames: false,
    registers: hasRegisters ? 'embeddings.register_tokens' : null,
    onlyPatchesHavePositions: false,
    block: /^layer\.(\d+)\./,
    hasLayerScale: tensors.has('layer.0.layer_scale1.lambda1'),
    hasHead: false,
    rules: dinov3Rules,
    leftOut: [
      { pattern: /^embeddings\.mask_token$/, reason: 'stands for masked patches, in training only' },
      { pattern: /^embeddings\.register_tokens$/, reason: 'has no rows' },
      { pattern: /^classifier\./, reason: 'classifier' }
    ]
  }
}

/**
 * `module.backbone.blocks.3.…` → `blocks.3.…`. A head keeps its prefix. DINOv2 trains with blocks in chunks: `blocks.1.7.…`
 * is block 7.
 */
function normalizeNames(found: TensorsByName): TensorsByName {
  const unwrapped = [...found].map(([name, tensor]) => [withoutWrappers(name), tensor] as const)
  const prefix = BACKBONE_PREFIXES.find((one) =>
    unwrapped.some(([name]) => name === `${one}cls_token` || name === `${one}embeddings.cls_token`)
  )
  const result = new Map<string, (typeof unwrapped)[number][1]>()
  for (const [name, tensor] of unwrapped) {
    const inner = prefix !== undefined && name.startsWith(prefix) ? name.slice(prefix.length) : name
    const flat = inner.replace(/^blocks\.\d+\.(\d+)\./, 'blocks.$1.')
    if (result.has(flat)) throw unsupported(`Two tensors would both be ${shownName(flat)}.`)
    result.set(flat, tensor)
  }
  return result
}

function withoutWrappers(name: string): string {
  const wrapper = WRAPPERS.find((one) => name.startsWith(one))
  return wrapper === undefined ? name : withoutWrappers(name.slice(wrapper.length))
}
