/** The sizes of a network, read from the shapes of its tensors; what shapes do not tell, from its configuration or a person. */

import { isRecord } from '../base/json.ts'
import { gatedDimOf, type Network } from '../recipe/network.ts'
import { VARIANTS, type Variant } from '../recipe/variants.ts'
import type { WeightOptions } from '../recipe/weight-options.ts'
import { strangeDinov3 } from './dinov3-rules.ts'
import { rotarySize } from './imported-size.ts'
import { checkStated, epsilonOf } from './stated-network.ts'
import { NoTensor } from './tensor-source.ts'
import type { WeightFiles } from './weight-files.ts'
import { type Layout, unsupported } from './weight-layout.ts'

const HEAD_WIDTH = 64
/** Wider ones come with heads of 72, 80 or 88 (SoViT, ViT-H, ViT-g), except DINOv2's ViT-g, known by its SwiGLU. */
const WIDEST_OF_64 = 1024
const DINOV2_GIANT = 1536
/** DINOv2's first: narrow networks could have others with the same width. */
const GATED_RATIOS = [4, 1, 2, 3, 5, 6, 7, 8]

/** As stored: positions may be resampled afterwards. @throws AppError weights_unsupported, invalid_request */
export function sizesOf(layout: Layout, files: Pick<WeightFiles, 'config'>, options: WeightOptions): Network {
  const { names, tensors } = layout
  const patch = shapeOf(layout, names.patch, 4)
  const [dim, channels, patchSize, patchWidth] = patch as [number, number, number, number]
  if (patchSize !== patchWidth) throw unsupported(`Patches of ${patchSize} × ${patchWidth} pixels are not square.`)
  if (channels !== 1 && channels !== 3) throw unsupported(`Images of ${channels} channels are not read.`)
  const registers = layout.registers === null ? 0 : shapeOf(layout, layout.registers, 3)[1]!
  const blocks = [...tensors.keys()].map((name) => Number(layout.block.exec(name)?.[1] ?? -1))
  const depth = blocks.reduce((most, block) => Math.max(most, block), -1) + 1
  // Every block has tensors of its own: a number beyond theirs would only be a long list of what is missing.
  if (depth > tensors.size) throw unsupported(`Of ${depth} blocks most are missing.`)
  if (names.position === null) checkDinov3(layout, files)
  const variant = {
    dim,
    depth,
    heads: headsOf(layout, dim, { files, options }),
    ...feedForwardOf(layout, dim)
  }
  checkArch(variant, options)
  const network = {
    ...variant,
    patchSize,
    channels,
    ...positionsOf(layout, patchSize, { files, options }),
    layerNormEps: epsilonOf(layout, files.config),
    ...(registers > 0 ? { registers } : {}),
    ...headSizes(layout)
  }
  checkStated(files.config, layout, network)
  return network
}

/** @throws AppError weights_unsupported for widths that the networks of DINO and DINOv2 do not have */
function feedForwardOf(layout: Layout, dim: number): Pick<Network, 'mlpRatio' | 'gatedDim'> {
  const hidden = shapeOf(layout, layout.isGated ? layout.names.narrow : layout.names.widen, 2)[layout.isGated ? 1 : 0]!
  if (!layout.isGated) {
    if (hidden % dim === 0) return { mlpRatio: hidden / dim }
    throw unsupported(`A feed-forward layer of ${hidden} is no multiple of the width ${dim}.`)
  }
  const mlpRatio = GATED_RATIOS.find((ratio) => gatedDimOf({ dim, mlpRatio: ratio }) === hidden)
  if (mlpRatio !== undefined) return { mlpRatio, gatedDim: hidden }
  // DINOv3's configuration says any width; such a ratio is that of no arch.
  if (layout.names.position === null) return { mlpRatio: (1.5 * hidden) / dim, gatedDim: hidden }
  throw unsupported(
    `SwiGLU layers of ${hidden} are not two thirds of a multiple of the width ${dim}, rounded up to eights.`
  )
}

function checkDinov3({ isGated }: Layout, { config }: Said['files']): void {
  const strange = strangeDinov3(config, isGated ? { gatedDim: 1 } : {})
  if (strange !== null) throw unsupported(strange)
}

/** Rotary positions are for any size: the configuration says which one it is served at, unless a person does. */
function positionsOf(
  layout: Layout,
  patchSize: number,
  { files, options }: Said
): Pick<Network, 'imageSize' | 'positions'> {
  const { position } = layout.names
  if (position !== null) return { imageSize: patchSize * gridOf(layout, position) }
  return { imageSize: rotarySize(patchSize, { config: files.config, options }), positions: 'rotary' }
}

/** Patches in a row of the square that positions are stored for. */
function gridOf(layout: Layout, name: string): number {
  const [, tokens] = shapeOf(layout, name, 3) as [number, number, number]
  const grid = Math.sqrt(layout.onlyPatchesHavePositions ? tokens : tokens - 1)
  if (Number.isInteger(grid) && grid > 0) return grid
  throw unsupported(`Positions for ${tokens} tokens are not those of a class token and a square of patches.`)
}

function shapeOf({ tensors }: Layout, name: string, dimensions: number): readonly number[] {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw unsupported(`The tensor ${name} is missing.`)
  if (tensor instanceof NoTensor) throw unsupported(`${name} is ${tensor.what}, not a tensor.`)
  const { shape } = tensor
  if (shape.length === dimensions && shape.every((size) => size > 0)) return shape
  throw unsupported(`The tensor ${name} has the shape [${shape}].`)
}

interface Said {
  readonly files: Pick<WeightFiles, 'config'>
  readonly options: WeightOptions
}

function headsOf(
  { isGated, names }: Layout,
  dim: number,
  { files: { config }, options: { heads, arch } }: Said
): number {
  const timm = config?.['model_args']
  const isTable = names.position !== null
  const said =
    heads ?? (arch && VARIANTS[arch].heads) ?? numberIn(config, 'num_attention_heads') ?? numberIn(timm, 'num_heads')
  if (said !== undefined) {
    if (Number.isInteger(said) && said > 0 && dim % said === 0 && (isTable || dim % (4 * said) === 0)) return said
    const into = isTable ? '' : ' into fours, which rotary positions take'
    throw unsupported(`${said} heads do not divide the width of ${dim}${into}; "heads" says how many there are.`)
  }
  const isGiant = isGated && dim === DINOV2_GIANT
  if (dim % HEAD_WIDTH === 0 && (dim <= WIDEST_OF_64 || isGiant)) return dim / HEAD_WIDTH
  throw unsupported(`The tensors do not tell how many heads a width of ${dim} has; "heads" (--heads) says it.`)
}

function checkArch(found: Variant, { arch }: WeightOptions): void {
  if (arch === undefined) return
  const wanted = VARIANTS[arch]
  const names = ['dim', 'depth', 'heads', 'mlpRatio'] as const
  const wrong = names.filter((name) => found[name] !== wanted[name])
  if (wrong.length === 0) return
  const list = wrong.map((name) => `${name} ${found[name]} instead of ${wanted[name]}`).join(', ')
  throw unsupported(`The weights are no ${arch}: ${list}.`)
}

function headSizes(layout: Layout): Pick<Network, 'headHiddenDim' | 'bottleneckDim' | 'prototypes'> {
  if (!layout.hasHead) return { headHiddenDim: 0, bottleneckDim: 0, prototypes: 0 }
  const [prototypes, bottleneckDim] = shapeOf(layout, 'head.last_layer.weight_v', 2) as [number, number]
  return { headHiddenDim: shapeOf(layout, 'head.mlp.0.weight', 2)[0]!, bottleneckDim, prototypes }
}

export function numberIn(value: unknown, name: string): number | undefined {
  const found = isRecord(value) ? value[name] : undefined
  return typeof found === 'number' ? found : undefined
}
