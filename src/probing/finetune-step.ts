/**
 * One step of a backbone and a linear classifier on its class token (after the final normalization), trained together on the
 * mean cross-entropy of a batch by AdamW; and the two as they classify.
 */

import { linear } from '../engine/ops/linear.ts'
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import type { ServedNetwork } from '../model/programs.ts'
import { backboneOf, classToken } from '../ssl/backbone.ts'
import { backboneParameters, type ParameterSpec } from '../ssl/parameters.ts'
import { pixelPatches } from '../ssl/patches.ts'
import { ADAM } from '../training/step/inputs.ts'
import { adamW } from '../training/step/optimizer.ts'
import { adamNumbers } from '../training/step/scalars.ts'
import { adamScalars } from '../training/step/update.ts'

export interface FinetuneShape {
  readonly served: ServedNetwork
  readonly classes: number
  /** Images of a step. */
  readonly batch: number
}

export const CLASSIFIER = { weight: 'classifier.weight', bias: 'classifier.bias' } as const

type TrainedParameter = Pick<ParameterSpec, 'name' | 'shape' | 'decayed'>

/** Not decayed in DeiT's fine-tuning, beside what has one dimension (timm, `no_weight_decay` of its ViT). */
const TOKENS: ReadonlySet<string> = new Set(['backbone.cls_token', 'backbone.pos_embed', 'backbone.register_tokens'])

export const finetuneParameters = ({ served, classes }: FinetuneShape): TrainedParameter[] => [
  ...backboneParameters(served.network).map(({ name, shape, decayed }) => {
    return { name, shape, decayed: decayed && !TOKENS.has(name) }
  }),
  { name: CLASSIFIER.weight, shape: [classes, served.network.dim], decayed: true },
  { name: CLASSIFIER.bias, shape: [classes], decayed: false }
]

export const MOMENTS = ['m', 'v'] as const

export const momentOf = (moment: (typeof MOMENTS)[number], name: string): string => `adam.${moment}.${name}`

const spec = (name: string, shape: readonly number[]): TensorSpec => ({ name, shape, dtype: 'float32' })

const imageInput = ({ network }: ServedNetwork, batch: number): TensorSpec => ({
  name: 'images',
  shape: [batch, network.imageSize, network.imageSize, network.channels],
  dtype: 'uint8'
})

/** Tensors that stay from step to step: every parameter by its name, and both of its moments. */
export const finetuneState = (shape: FinetuneShape): TensorSpec[] =>
  finetuneParameters(shape).flatMap(({ name, shape: of }) => [
    spec(name, of),
    ...MOMENTS.map((moment) => spec(momentOf(moment, name), of))
  ])

/** Takes `stepFeeds`; gives the state and the loss of the batch before the step, a scalar. */
export function finetuneStepProgram(shape: FinetuneShape): Program {
  const state = finetuneState(shape)
  return {
    name: 'finetune-step',
    inputs: [
      ...state,
      ...ADAM.map((name) => spec(`adam.${name}`, [])),
      imageInput(shape.served, shape.batch),
      spec('targets', [shape.batch, shape.classes])
    ],
    outputs: [...state.map(({ name }) => name), 'loss'],
    build: (inputs) => step(shape, inputs)
  }
}

/** Parameters and images uint8 [N, S, S, C] → logits [N, classes]. */
export function classifyProgram(shape: FinetuneShape): Program {
  const free = -1
  return {
    name: 'classify',
    inputs: [...finetuneParameters(shape).map(({ name, shape: of }) => spec(name, of)), imageInput(shape.served, free)],
    outputs: ['logits'],
    build: (inputs) => ({ logits: logitsOf(shape, inputs, patchesOf(shape, inputs)) })
  }
}

const patchesOf = ({ served: { network, normalization } }: FinetuneShape, inputs: Tensors): Tensor =>
  pixelPatches(inputs['images']!, network.patchSize, normalization)

function logitsOf({ served: { network } }: FinetuneShape, parameters: Tensors, patches: Tensor): Tensor {
  const features = classToken(backboneOf(network, parameters), patches)
  return linear(features, parameters[CLASSIFIER.weight]!, parameters[CLASSIFIER.bias]!)
}

function step(shape: FinetuneShape, inputs: Tensors): Tensors {
  const trained = finetuneParameters(shape)
  const patches = patchesOf(shape, inputs)
  const objective = (...values: Tensor[]): tf.Scalar => {
    const parameters = Object.fromEntries(trained.map(({ name }, i) => [name, values[i]!]))
    const logP = tf.logSoftmax(logitsOf(shape, parameters, patches))
    return tf.neg(tf.mean(tf.sum(tf.mul(logP, inputs['targets']!), 1)))
  }
  const { value: loss, grads } = tf.valueAndGrads(objective)(trained.map(({ name }) => inputs[name]!))
  const scalars = adamScalars(inputs, 'adam')
  const next: Record<string, Tensor> = {}
  for (const [i, { name, decayed }] of trained.entries()) {
    const [of, m, v] = [inputs[name]!, inputs[momentOf('m', name)]!, inputs[momentOf('v', name)]!]
    const moved = adamW({ value: of, m, v, gradient: grads[i]!, clip: undefined, decayed }, scalars)
    next[name] = moved.value
    next[momentOf('m', name)] = moved.m
    next[momentOf('v', name)] = moved.v
  }
  return { ...next, loss }
}

export interface StepGiven {
  /** [batch, S, S, C] */
  readonly images: Uint8Array
  /** [batch] */
  readonly labels: readonly number[]
  readonly labelSmoothing: number
  readonly learningRate: number
  readonly weightDecay: number
  /** 1 for the first. */
  readonly step: number
}

/** Of `finetuneStepProgram`, besides the state. Smoothed targets are PyTorch's: 1 − s at the class and s / classes at all. */
export function stepFeeds(classes: number, given: StepGiven): Record<string, Float32Array | Uint8Array> {
  const { images, labels, labelSmoothing, step } = given
  const targets = new Float32Array(labels.length * classes).fill(labelSmoothing / classes)
  for (const [row, label] of labels.entries())
    targets[row * classes + label] = 1 - labelSmoothing + labelSmoothing / classes
  const numbers = Object.entries(adamNumbers(given, step))
  return {
    images,
    targets,
    ...Object.fromEntries(numbers.map(([name, value]) => [`adam.${name}`, Float32Array.of(value)]))
  }
}
