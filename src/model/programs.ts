/** What an exported model computes, as programs with a free batch. */
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { type Network, servedNetwork } from '../recipe/network.ts'
import type { Recipe } from '../recipe/schema.ts'
import { backboneOf, classAndPooledPatches, classToken, probedTokens } from '../ssl/backbone.ts'
import { bottleneck, unitRows } from '../ssl/head.ts'
import { backboneParameters, networkParameters, type ParameterSpec } from '../ssl/parameters.ts'
import { type PixelScale, pixelPatches } from '../ssl/patches.ts'
import type { Grid } from '../ssl/position.ts'
import { logits, prototypesOf } from '../ssl/prototypes.ts'

/** A network and how its pixels are scaled: all that a forward pass depends on besides the weights. */
export interface ServedNetwork {
  readonly network: Network
  readonly normalization: PixelScale
}

export const servedNetworkOf = (recipe: Recipe): ServedNetwork => ({
  network: servedNetwork(recipe),
  normalization: recipe.hyperparameters.normalization
})

const FREE_BATCH = -1

export const parameterInputs = (parameters: readonly ParameterSpec[]): TensorSpec[] =>
  parameters.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))

export const imageInput = ({ imageSize, channels }: Network): TensorSpec => ({
  name: 'images',
  shape: [FREE_BATCH, imageSize, imageSize, channels],
  dtype: 'uint8'
})

/** The class token after the final normalization, before it is made a unit vector. */
function features({ network, normalization }: ServedNetwork, inputs: Tensors): Tensor {
  const patches = pixelPatches(inputs['images']!, network.patchSize, normalization)
  return classToken(backboneOf(network, inputs), patches)
}

/** `backbone.*` and images uint8 [N, S, S, C] → embedding [N, D], unit rows. */
export function embedProgram(served: ServedNetwork): Program {
  const { network } = served
  return {
    name: 'embed',
    inputs: [...parameterInputs(backboneParameters(network)), imageInput(network)],
    outputs: ['embedding'],
    build: (inputs) => ({ embedding: unitRows(features(served, inputs)) })
  }
}

/**
 * `backbone.*`, `head.*` and images → embedding [N, D], bottleneck [N, p] and cosine [N, K] between the bottleneck and each
 * prototype's direction. Temperature, κ and log C_p are left to the reader, who may choose them.
 */
export function assignProgram(served: ServedNetwork): Program {
  const { network } = served
  return {
    name: 'assign',
    inputs: [...parameterInputs(networkParameters(network)), imageInput(network)],
    outputs: ['embedding', 'bottleneck', 'cosine'],
    build: (inputs) => {
      const seen = features(served, inputs)
      const y = bottleneck(inputs, seen)
      return { embedding: unitRows(seen), bottleneck: y, cosine: prototypeCosines(inputs, y) }
    }
  }
}

/** y [rows, p] → [rows, K]. A weight of negative g points to −v: its direction is that of the weight, as training has it. */
export function prototypeCosines(inputs: Tensors, y: Tensor): Tensor {
  const directions = { ...inputs, 'head.last_layer.weight_g': tf.sign(inputs['head.last_layer.weight_g']!) }
  return logits(y, prototypesOf(directions), { inverseTemperature: tf.scalar(1) })
}

/** Which tokens a linear probe reads. */
export interface ProbedTokens {
  /** Last blocks whose class tokens are read. */
  readonly blocks: number
  /** The mean of the last block's patches beside them. */
  readonly averagesPatches: boolean
}

/** `backbone.*` and images uint8 [N, S, S, C] → features [N, (blocks + averagesPatches) · D], of any length. */
export function probeProgram({ network, normalization }: ServedNetwork, tokens: ProbedTokens): Program {
  return {
    name: 'probe',
    inputs: [...parameterInputs(backboneParameters(network)), imageInput(network)],
    outputs: ['features'],
    build: (inputs) => {
      const patches = pixelPatches(inputs['images']!, network.patchSize, normalization)
      return { features: probedTokens(backboneOf(network, inputs), patches, tokens) }
    }
  }
}

/** `backbone.*` and images uint8 [N, size, size, C] → features [N, 2 · D], of any length. `size` is any number of whole patches. */
export function copyProgram({ network, normalization }: ServedNetwork, size: number): Program {
  return {
    name: 'copy',
    inputs: [...parameterInputs(backboneParameters(network)), imageInput({ ...network, imageSize: size })],
    outputs: ['features'],
    build: (inputs) => {
      const patches = pixelPatches(inputs['images']!, network.patchSize, normalization)
      return { features: classAndPooledPatches(backboneOf(network, inputs), patches) }
    }
  }
}

/** `backbone.*` and images uint8 [N, rows · P, columns · P, C] of a grid of patches → embedding [N, D], unit rows. */
export function shapedEmbedProgram({ network, normalization }: ServedNetwork, grid: Grid): Program {
  const [height, width] = [grid[0] * network.patchSize, grid[1] * network.patchSize]
  const shape = [FREE_BATCH, height, width, network.channels]
  return {
    name: 'embed-shaped',
    inputs: [...parameterInputs(backboneParameters(network)), { name: 'images', shape, dtype: 'uint8' }],
    outputs: ['embedding'],
    build: (inputs) => {
      const patches = pixelPatches(inputs['images']!, network.patchSize, normalization)
      return { embedding: unitRows(classToken(backboneOf(network, inputs), patches, grid)) }
    }
  }
}
