/**
 * Hugging Face's DINOv3ViTModel: rotary positions in the place of a table, no bias of the keys, queries, keys and values in three
 * tensors, and with SwiGLU the gate and what it lets through in two.
 */
import { isRecord } from '../base/json.ts'
import { type Network, ROTARY_BASE } from '../recipe/network.ts'
import { backboneParameters, type ParameterSpec } from '../ssl/parameters.ts'
import { shownValue, type TensorsByName } from './tensor-source.ts'
import { concatenate, type Rule, type RuleOptions, sameAs, scaledRule } from './weight-rules.ts'

const NAMES: Readonly<Record<string, string>> = {
  cls_token: 'embeddings.cls_token',
  register_tokens: 'embeddings.register_tokens',
  'patch_embed.proj.weight': 'embeddings.patch_embeddings.weight',
  'patch_embed.proj.bias': 'embeddings.patch_embeddings.bias',
  'norm.weight': 'norm.weight',
  'norm.bias': 'norm.bias'
}

const BLOCK_NAMES: Readonly<Record<string, string>> = {
  norm1: 'norm1',
  'attn.proj': 'attention.o_proj',
  norm2: 'norm2',
  'mlp.fc1': 'mlp.up_proj',
  'mlp.fc2': 'mlp.down_proj',
  'mlp.w3': 'mlp.down_proj'
}

export const DINOV3_SCALES: Readonly<Record<string, string>> = {
  'attn.proj': 'layer_scale1.lambda1',
  'mlp.fc2': 'layer_scale2.lambda1',
  'mlp.w3': 'layer_scale2.lambda1'
}

export function dinov3Rules({ network, hasLayerScale }: RuleOptions): Rule[] {
  return backboneParameters(network).map((spec) => {
    const name = spec.name.replace('backbone.', '')
    const known = NAMES[name]
    if (known !== undefined) return sameAs(spec, known)
    const [, index, part = '', kind = ''] = /^blocks\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? []
    const layer = `layer.${index}`
    if (part === 'attn.qkv') return queriesKeysValues(spec, { layer, kind, dim: network.dim })
    if (part === 'mlp.w12') {
      const shape = [spec.shape[0]! / 2, ...spec.shape.slice(1)]
      return joined(
        spec,
        ['gate_proj', 'up_proj'].map((one) => ({ name: `${layer}.mlp.${one}.${kind}`, shape }))
      )
    }
    const source = `${layer}.${BLOCK_NAMES[part]}.${kind}`
    const gamma = hasLayerScale ? DINOV3_SCALES[part] : undefined
    return gamma === undefined ? sameAs(spec, source) : scaledRule(spec, { name: source, gamma: `${layer}.${gamma}` })
  })
}

interface Place {
  readonly layer: string
  readonly kind: string
  readonly dim: number
}

/** The keys' part of the bias is 0, and has no tensor there. */
function queriesKeysValues(spec: ParameterSpec, { layer, kind, dim }: Place): Rule {
  const named = (one: string) => `${layer}.attention.${one}_proj.${kind}`
  if (kind === 'weight') {
    return joined(
      spec,
      ['q', 'k', 'v'].map((one) => ({ name: named(one), shape: [dim, dim] }))
    )
  }
  const sources = [
    { name: named('q'), shape: [dim], at: 0 },
    { name: named('v'), shape: [dim], at: 2 * dim }
  ]
  const make = ([query, value]: readonly Float32Array[]) => concatenate([query!, new Float32Array(dim), value!])
  return { target: spec.name, shape: spec.shape, sources, make }
}

const joined = ({ name: target, shape }: ParameterSpec, sources: Rule['sources']): Rule => ({
  target,
  shape,
  sources,
  make: concatenate
})

export const isDinov3 = (tensors: TensorsByName): boolean =>
  tensors.has('embeddings.cls_token') && tensors.has('layer.0.attention.q_proj.weight')

/**
 * What its configuration may say that no network here has: another base of the rotations, another activation.
 * @returns a sentence, or null when all is well
 */
export function strangeDinov3(
  config: Readonly<Record<string, unknown>> | null,
  { gatedDim }: Pick<Network, 'gatedDim'>
) {
  const parameters = config?.['rope_parameters']
  const bases = [
    ['rope_theta', config?.['rope_theta']],
    ['rope_parameters.rope_theta', isRecord(parameters) ? parameters['rope_theta'] : undefined]
  ] as const
  for (const [field, base] of bases) {
    if ((base ?? ROTARY_BASE) === ROTARY_BASE) continue
    return `Rotary positions have the base ${shownValue(base)} (${field} of config.json), and DINOv3's ${ROTARY_BASE}.`
  }
  const wanted = gatedDim === undefined ? 'gelu' : 'silu'
  const activation = config?.['hidden_act'] ?? 'gelu'
  if (activation === wanted) return null
  const kind = gatedDim === undefined ? 'plain' : 'gated'
  return `The activation of ${kind} feed-forward layers is ${shownValue(activation)}, and not ${wanted}.`
}
