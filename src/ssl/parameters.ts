/** The parameters of one network, named and laid out as in DINO's and iBOT's state dicts: import and export are trivial. */
import type { Network } from '../recipe/network.ts'

/** `uniform` is symmetric around 0 with that bound; `truncatedNormal` has the recipe's deviation unless given. */
export type Init =
  | { readonly kind: 'zeros' | 'ones' }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'truncatedNormal'; readonly std?: number }

export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly init: Init
  /** AdamW decays what has two dimensions or more and is no bias; that includes tokens, positions and weight_g. */
  readonly decayed: boolean
  /** Part of the prototypes, which `freezeLastLayer` leaves alone. */
  readonly lastLayer: boolean
}

const zeros: Init = { kind: 'zeros' }
const ones: Init = { kind: 'ones' }
const normal: Init = { kind: 'truncatedNormal' }

function spec(name: string, shape: readonly number[], init: Init): ParameterSpec {
  return {
    name,
    shape,
    init,
    decayed: shape.length >= 2 && !name.endsWith('.bias'),
    lastLayer: name.includes('last_layer')
  }
}

const linear = (name: string, outputs: number, inputs: number): ParameterSpec[] => [
  spec(`${name}.weight`, [outputs, inputs], normal),
  spec(`${name}.bias`, [outputs], zeros)
]

const norm = (name: string, dim: number): ParameterSpec[] => [
  spec(`${name}.weight`, [dim], ones),
  spec(`${name}.bias`, [dim], zeros)
]

/** DINOv2's names where the layers are gated, DINO's otherwise. */
export const feedForwardNames = ({ gatedDim }: Pick<Network, 'gatedDim'>) =>
  gatedDim === undefined ? { widen: 'mlp.fc1', narrow: 'mlp.fc2' } : { widen: 'mlp.w12', narrow: 'mlp.w3' }

function block(name: string, network: Network): ParameterSpec[] {
  const { dim, mlpRatio, gatedDim } = network
  const { widen, narrow } = feedForwardNames(network)
  const hidden = gatedDim ?? mlpRatio * dim
  return [
    ...norm(`${name}.norm1`, dim),
    ...linear(`${name}.attn.qkv`, 3 * dim, dim),
    ...linear(`${name}.attn.proj`, dim, dim),
    ...norm(`${name}.norm2`, dim),
    ...linear(`${name}.${widen}`, gatedDim === undefined ? hidden : 2 * hidden, dim),
    ...linear(`${name}.${narrow}`, dim, hidden)
  ]
}

export function backboneParameters(network: Network): ParameterSpec[] {
  const { dim, depth, channels, patchSize, imageSize, registers = 0 } = network
  const tokens = (imageSize / patchSize) ** 2 + 1
  // PyTorch's default for the convolution that embeds patches, kept by DINO: uniform within 1/sqrt(fan in).
  const bound = 1 / Math.sqrt(channels * patchSize * patchSize)
  return [
    spec('backbone.cls_token', [1, 1, dim], { kind: 'truncatedNormal', std: 0.02 }),
    ...(network.positions === 'rotary' ? [] : [spec('backbone.pos_embed', [1, tokens, dim], normal)]),
    // All but alike at first, as in DINOv2 and timm.
    ...(registers
      ? [spec('backbone.register_tokens', [1, registers, dim], { kind: 'truncatedNormal', std: 1e-6 })]
      : []),
    spec('backbone.patch_embed.proj.weight', [dim, channels, patchSize, patchSize], { kind: 'uniform', bound }),
    spec('backbone.patch_embed.proj.bias', [dim], { kind: 'uniform', bound }),
    ...Array.from({ length: depth }, (_, i) => block(`backbone.blocks.${i}`, network)).flat(),
    ...norm('backbone.norm', dim)
  ]
}

/** The last layers are made after DINO's initialization pass and keep nn.Linear's default. */
function lastLayer(name: string, prototypes: number, bottleneckDim: number): ParameterSpec[] {
  const bound = 1 / Math.sqrt(bottleneckDim)
  return [
    spec(`${name}.weight_g`, [prototypes, 1], ones),
    spec(`${name}.weight_v`, [prototypes, bottleneckDim], { kind: 'uniform', bound })
  ]
}

export function headParameters(network: Network): ParameterSpec[] {
  const { dim, headHiddenDim, bottleneckDim, prototypes, patchPrototypes } = network
  return [
    ...linear('head.mlp.0', headHiddenDim, dim),
    ...linear('head.mlp.2', headHiddenDim, headHiddenDim),
    ...linear('head.mlp.4', bottleneckDim, headHiddenDim),
    ...lastLayer('head.last_layer', prototypes, bottleneckDim),
    ...(patchPrototypes ? lastLayer('head.last_layer2', patchPrototypes, bottleneckDim) : [])
  ]
}

/** What both networks have, and all that the teacher has. */
export const networkParameters = (network: Network): ParameterSpec[] => [
  ...backboneParameters(network),
  ...headParameters(network)
]

/** The mask token is the student's alone, as in iBOT, and begins at 0. */
export const studentParameters = (network: Network): ParameterSpec[] => [
  ...networkParameters(network),
  ...(network.maskToken ? [spec('backbone.masked_embed', [1, network.dim], zeros)] : [])
]
