/** How our tensors are made of those of another layout: which ones, of which shapes, and what is done to them. */

import type { Network } from '../recipe/network.ts'
import { backboneParameters, headParameters, type ParameterSpec } from '../ssl/parameters.ts'

export interface Source {
  readonly name: string
  readonly shape: readonly number[]
  /** Place of its first number in the target; left out where sources follow one upon the other. */
  readonly at?: number
}

/** One of our tensors. */
export interface Rule {
  readonly target: string
  readonly shape: readonly number[]
  readonly sources: readonly Source[]
  /** Parts in the order of the sources; without it the only source is taken as it is. */
  readonly make?: (parts: readonly Float32Array[]) => Float32Array
}

export interface RuleOptions {
  readonly network: Network
  /** Learned factors behind attention and feed-forward (DINOv2). */
  readonly hasLayerScale: boolean
  readonly hasHead: boolean
  /** Name of the register tokens where it is not ours. */
  readonly registers?: string | null
  /** timm's: SwiGLU under the names of GELU's layers. */
  readonly hasPackedNames?: boolean
  /** Of a class token without a position: its row in ours is 0. */
  readonly onlyPatchesHavePositions?: boolean
}

const BACKBONE = 'backbone.'

/** Names of DINO, iBOT, DINOv2 and timm, which are ours without the prefix. */
export function officialRules(options: RuleOptions): Rule[] {
  const { network, hasLayerScale, hasHead } = options
  const scaled = new Map<string, string>()
  if (hasLayerScale) {
    for (let i = 0; i < network.depth; i++) {
      scaled.set(`blocks.${i}.attn.proj`, `blocks.${i}.ls1.gamma`)
      scaled.set(`blocks.${i}.mlp.fc2`, `blocks.${i}.ls2.gamma`)
      scaled.set(`blocks.${i}.mlp.w3`, `blocks.${i}.ls2.gamma`)
    }
  }
  const rules = backboneParameters(network).map((spec) => {
    const name = spec.name.slice(BACKBONE.length)
    if (name === 'register_tokens') return sameAs(spec, options.registers ?? name)
    if (name === 'pos_embed' && options.onlyPatchesHavePositions) return patchPositions(spec, name)
    const gamma = scaled.get(name.replace(/\.(weight|bias)$/, ''))
    const source = options.hasPackedNames ? packedName(name) : name
    return gamma === undefined ? sameAs(spec, source) : scaledRule(spec, { name: source, gamma })
  })
  return hasHead ? [...rules, ...headParameters(network).map((spec) => sameAs(spec, spec.name))] : rules
}

const packedName = (name: string): string => name.replace('.mlp.w12.', '.mlp.fc1.').replace('.mlp.w3.', '.mlp.fc2.')

/** Names of Hugging Face's ViTModel, Dinov2Model and Dinov2WithRegistersModel; queries, keys and values are three tensors there. */
export function huggingFaceRules({ network, hasLayerScale }: RuleOptions): Rule[] {
  const { dim } = network
  return backboneParameters(network).map((spec) => {
    const name = spec.name.slice(BACKBONE.length)
    const known = HUGGING_FACE_NAMES[name]
    if (known !== undefined) return sameAs(spec, known)
    const [, index, part = '', kind = ''] = /^blocks\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? []
    const layer = `encoder.layer.${index}`
    if (part === 'attn.qkv') {
      const shape = kind === 'weight' ? [dim, dim] : [dim]
      const sources = ['query', 'key', 'value'].map((one) => ({
        name: `${layer}.attention.attention.${one}.${kind}`,
        shape
      }))
      return { target: spec.name, shape: spec.shape, sources, make: concatenate }
    }
    const names = hasLayerScale || isOnlyDinov2(network) ? DINOV2_BLOCK_NAMES : VIT_BLOCK_NAMES
    const source = `${layer}.${names[part]}.${kind}`
    const gamma = hasLayerScale ? LAYER_SCALES[part] : undefined
    return gamma === undefined ? sameAs(spec, source) : scaledRule(spec, { name: source, gamma: `${layer}.${gamma}` })
  })
}

/** What ViTModel cannot have: written with the names of DINOv2's models, factors of 1 behind its layers. */
export const isOnlyDinov2 = ({ registers = 0, gatedDim }: Network): boolean => registers > 0 || gatedDim !== undefined

const HUGGING_FACE_NAMES: Readonly<Record<string, string>> = {
  cls_token: 'embeddings.cls_token',
  pos_embed: 'embeddings.position_embeddings',
  register_tokens: 'embeddings.register_tokens',
  'patch_embed.proj.weight': 'embeddings.patch_embeddings.projection.weight',
  'patch_embed.proj.bias': 'embeddings.patch_embeddings.projection.bias',
  'norm.weight': 'layernorm.weight',
  'norm.bias': 'layernorm.bias'
}

const VIT_BLOCK_NAMES: Readonly<Record<string, string>> = {
  norm1: 'layernorm_before',
  'attn.proj': 'attention.output.dense',
  norm2: 'layernorm_after',
  'mlp.fc1': 'intermediate.dense',
  'mlp.fc2': 'output.dense'
}

const DINOV2_BLOCK_NAMES: Readonly<Record<string, string>> = {
  norm1: 'norm1',
  'attn.proj': 'attention.output.dense',
  norm2: 'norm2',
  'mlp.fc1': 'mlp.fc1',
  'mlp.fc2': 'mlp.fc2',
  'mlp.w12': 'mlp.weights_in',
  'mlp.w3': 'mlp.weights_out'
}

export const LAYER_SCALES: Readonly<Record<string, string>> = {
  'attn.proj': 'layer_scale1.lambda1',
  'mlp.fc2': 'layer_scale2.lambda1',
  'mlp.w3': 'layer_scale2.lambda1'
}

export const sameAs = ({ name: target, shape }: ParameterSpec, source: string): Rule => ({
  target,
  shape,
  sources: [{ name: source, shape }]
})

/** A table [1, n, dim] with a row of 0 in front. */
function patchPositions({ name: target, shape }: ParameterSpec, name: string): Rule {
  const [, rows, dim] = shape as [number, number, number]
  const make = ([table]: readonly Float32Array[]) => concatenate([new Float32Array(dim), table!])
  return { target, shape, sources: [{ name, shape: [1, rows - 1, dim] }], make }
}

/** γ ⊙ (W x + b) = (γ ⊙ W) x + γ ⊙ b: the factors go into the rows of the layer in front, exactly. */
export function scaledRule(spec: ParameterSpec, { name, gamma }: { name: string; gamma: string }): Rule {
  const rows = spec.shape[0]!
  const sources = [
    { name, shape: spec.shape },
    { name: gamma, shape: [rows] }
  ]
  return { target: spec.name, shape: spec.shape, sources, make: scaleRows }
}

function scaleRows([values, factors]: readonly Float32Array[]): Float32Array {
  const columns = values!.length / factors!.length
  return values!.map((value, i) => value * factors![Math.floor(i / columns)]!)
}

export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
