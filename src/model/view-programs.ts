/** What a served model can show besides its vectors: tokens of patches, where it looked, and what each patch is like. */
import type { Program } from '../engine/program.ts'
import { type Tensors, tf } from '../engine/tf.ts'
import { backboneOf, classAndPatches } from '../ssl/backbone.ts'
import { classAttention } from '../ssl/class-attention.ts'
import { bottleneck } from '../ssl/head.ts'
import { backboneParameters, networkParameters } from '../ssl/parameters.ts'
import { pixelPatches } from '../ssl/patches.ts'
import { imageInput, parameterInputs, prototypeCosines, type ServedNetwork } from './programs.ts'

const patchesOf = ({ network, normalization }: ServedNetwork, inputs: Tensors) =>
  pixelPatches(inputs['images']!, network.patchSize, normalization)

/** `backbone.*` and images uint8 [N, S, S, C] → patches [N, P, D] after the final normalization, of any length. */
export function patchesProgram(served: ServedNetwork): Program {
  const { network } = served
  return {
    name: 'patches',
    inputs: [...parameterInputs(backboneParameters(network)), imageInput(network)],
    outputs: ['patches'],
    build: (inputs) => {
      const all = classAndPatches(backboneOf(network, inputs), patchesOf(served, inputs))
      return { patches: tf.transpose(tf.slice(all, [1, 0, 0], [-1, -1, -1]), [1, 0, 2]) }
    }
  }
}

/** `backbone.*` and images → attention [N, H, leading tokens + P] of the class token in the last block. */
export function attentionProgram(served: ServedNetwork): Program {
  const { network } = served
  return {
    name: 'attention',
    inputs: [...parameterInputs(backboneParameters(network)), imageInput(network)],
    outputs: ['attention'],
    build: (inputs) => ({ attention: classAttention({ network, parameters: inputs }, patchesOf(served, inputs)) })
  }
}

/**
 * `backbone.*`, `head.*` and images → cosine [N, 1 + P, K]: of the class token and then of every patch, each through the head, to the
 * directions of the prototypes.
 */
export function heatProgram(served: ServedNetwork): Program {
  const { network } = served
  return {
    name: 'heat',
    inputs: [...parameterInputs(networkParameters(network)), imageInput(network)],
    outputs: ['cosine'],
    build: (inputs) => {
      const all = classAndPatches(backboneOf(network, inputs), patchesOf(served, inputs))
      const [tokens, batch] = all.shape as [number, number, number]
      const y = bottleneck(inputs, tf.reshape(all, [tokens * batch, network.dim]))
      const cosine = tf.reshape(prototypeCosines(inputs, y), [tokens, batch, network.prototypes])
      return { cosine: tf.transpose(cosine, [1, 0, 2]) }
    }
  }
}
