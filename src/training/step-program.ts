/**
 * The whole training step as one program: student forward and backward, teacher, loss, center, clipping, AdamW, moving
 * average. Nothing in it changes from step to step but its inputs.
 */
import { sumSquares } from '../engine/ops/sum-squares.ts'
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'
import { type BranchKeeps, backboneOf, classToken, type Patches } from '../ssl/backbone.ts'
import { nextCenter, teacherView } from '../ssl/center.ts'
import { dinoLoss } from '../ssl/dino-loss.ts'
import { bottleneck } from '../ssl/head.ts'
import { pixelPatches } from '../ssl/patches.ts'
import { logits, logNormalizers, prototypesOf } from '../ssl/prototypes.ts'
import { nextTeacher } from '../ssl/teacher.ts'
import { type AdamScalars, adamW } from './step-optimizer.ts'
import { changedState, dropRate, isTrained, type StepPlan, stepStateSpecs } from './step-plan.ts'

export const METRICS = [
  'loss',
  'teacher_entropy',
  'student_entropy',
  'kl',
  'mean_assignment_entropy',
  'top_assignment',
  'grad_norm',
  'center_norm'
] as const

const ADAM = ['beta1', 'oneMinusBeta1', 'beta2', 'oneMinusBeta2', 'stepSize', 'epsilon', 'decay'] as const
const SHARED = ['inverseTeacherTemperature', 'momentum', 'oneMinusMomentum'] as const

/** The scalar inputs by name; the last layer has its own Adam, because freezing it stops its clock too. */
export const SCALARS: readonly string[] = [
  ...SHARED,
  ...ADAM.map((name) => `adam.${name}`),
  ...ADAM.map((name) => `adamLastLayer.${name}`)
]

/** The image inputs in the form the transformer takes. */
export interface StepPatches {
  readonly global: Patches
  readonly local?: Patches
}

/** Inputs besides the images. */
export function stepInputs(plan: StepPlan): TensorSpec[] {
  const crops = plan.globalCrops + plan.localCrops
  const keeps: TensorSpec = { name: 'keeps', shape: [2 * plan.network.depth, crops * plan.batchSize], dtype: 'float32' }
  return [
    ...stepStateSpecs(plan),
    ...SCALARS.map((name): TensorSpec => ({ name, shape: [], dtype: 'float32' })),
    ...(plan.dropPath > 0 ? [keeps] : [])
  ]
}

export function trainStepProgram(plan: StepPlan): Program {
  const { patchSize, imageSize, channels } = plan.network
  const crops = (name: string, count: number, size: number): TensorSpec[] =>
    count === 0 ? [] : [{ name, shape: [count * plan.batchSize, size, size, channels], dtype: 'uint8' }]
  return {
    name: 'train-step',
    inputs: [
      ...stepInputs(plan),
      ...crops('globalCrops', plan.globalCrops, imageSize),
      ...crops('localCrops', plan.localCrops, plan.localSize)
    ],
    outputs: [...changedState(plan), ...METRICS],
    build: (inputs) => {
      const patches = (name: string) => pixelPatches(inputs[name]!, patchSize, plan.pixels)
      const local = plan.localCrops > 0 ? { local: patches('localCrops') } : {}
      return buildStep(plan, inputs, { global: patches('globalCrops'), ...local })
    }
  }
}

const subset = (inputs: Tensors, prefix: string, names: readonly string[]): Record<string, Tensor> =>
  Object.fromEntries(names.map((name) => [name, inputs[`${prefix}.${name}`]!]))

/** The step on patches; `inputs` are those of `stepInputs`. */
export function buildStep(plan: StepPlan, inputs: Tensors, patches: StepPatches): Tensors {
  const names = plan.parameters.map(({ name }) => name)
  const student = subset(inputs, 'student', names)
  const trained = plan.parameters.filter((parameter) => isTrained(plan, parameter))
  const teacher = teacherPass(plan, inputs, patches)

  const metrics: Record<string, Tensor> = {}
  const objective = (...values: Tensor[]): tf.Scalar => {
    const parameters = { ...student, ...Object.fromEntries(trained.map(({ name }, i) => [name, values[i]!])) }
    const { loss, studentEntropy } = studentLoss(plan, { parameters, inputs, patches, teacher: teacher.probabilities })
    metrics['student_entropy'] = tf.keep(studentEntropy)
    return loss as tf.Scalar
  }
  const { value: loss, grads } = tf.valueAndGrads(objective)(trained.map(({ name }) => student[name]!))

  // ONNX Runtime runs leaves last to first and each with all it needs: the norm over every gradient is written down
  // first so that it comes last, when it keeps nothing alive, and the head's update is written down last.
  const squares = grads.map(sumSquares).reduce((a, b) => tf.add(a, b))
  const gradNorm = tf.sqrt(squares)
  const state = update(plan, inputs, Object.fromEntries(trained.map(({ name }, i) => [name, grads[i]!])))
  const center = inputs['center.cls']!
  return {
    ...state,
    'center.cls': nextCenter(center, teacher.batchCenter, plan.centerMomentum),
    ...metrics,
    ...teacherMetrics(teacher),
    loss,
    kl: tf.sub(loss, teacher.entropy),
    grad_norm: gradNorm,
    center_norm: tf.sqrt(sumSquares(center))
  }
}

interface TeacherPass {
  /** [G · batch, K]. */
  readonly probabilities: Tensor
  readonly batchCenter: Tensor
  /** Mean over images. */
  readonly entropy: Tensor
}

function teacherPass(plan: StepPlan, inputs: Tensors, patches: StepPatches): TeacherPass {
  const parameters = subset(
    inputs,
    'teacher',
    plan.parameters.map(({ name }) => name)
  )
  const features = classToken(backboneOf(plan.network, parameters), patches.global)
  const { logProbabilities, batchCenter } = teacherView(bottleneck(parameters, features), prototypesOf(parameters), {
    centering: plan.centering,
    vmf: plan.vmf,
    inverseTemperature: inputs['inverseTeacherTemperature']!,
    center: inputs['center.cls']!
  })
  const probabilities = tf.exp(logProbabilities)
  const entropy = tf.div(tf.sum(tf.mul(probabilities, logProbabilities)), -probabilities.shape[0]!)
  return { probabilities, batchCenter, entropy }
}

/** The share of each prototype in this batch, as the centered teacher assigns it: its entropy and its largest. */
function teacherMetrics({ probabilities, entropy }: TeacherPass): Record<string, Tensor> {
  const shares = tf.mean(probabilities, 0)
  // A share of 0 has no entropy, and its logarithm no value: the smallest normal float32 stands in.
  const logShares = tf.log(tf.maximum(shares, 1.1754944e-38))
  return {
    teacher_entropy: entropy,
    mean_assignment_entropy: tf.neg(tf.sum(tf.mul(shares, logShares))),
    top_assignment: tf.max(shares)
  }
}

interface StudentPass {
  readonly parameters: Tensors
  readonly inputs: Tensors
  readonly patches: StepPatches
  /** Teacher probabilities [G · batch, K]. */
  readonly teacher: Tensor
}

function studentLoss(
  plan: StepPlan,
  { parameters, inputs, patches, teacher }: StudentPass
): ReturnType<typeof dinoLoss> {
  const { batchSize, globalCrops, localCrops, network } = plan
  const split = [globalCrops * batchSize, localCrops * batchSize] as const
  const backbone = backboneOf(network, parameters)
  const keeps = (from: number, count: number): BranchKeeps => branchKeeps(plan, inputs, [from, count])
  const features = [classToken(backbone, patches.global, keeps(0, split[0]))]
  if (patches.local) features.push(classToken(backbone, patches.local, keeps(split[0], split[1])))

  const y = bottleneck(parameters, features.length === 1 ? features[0]! : tf.concat(features))
  const prototypes = prototypesOf(parameters)
  const inverseTemperature = tf.scalar(1 / plan.studentTemperature)
  const offset = plan.vmf ? { offset: logNormalizers(prototypes, inverseTemperature) } : {}
  const crops = (from: number, count: number): Tensor => {
    const rows = tf.slice(y, [from, 0], [count * batchSize, -1])
    const values = logits(rows, prototypes, { inverseTemperature, ...offset })
    return tf.reshape(values, [count, batchSize, network.prototypes])
  }
  return dinoLoss({
    global: crops(0, globalCrops),
    ...(localCrops > 0 ? { local: crops(split[0], localCrops) } : {}),
    teacher: tf.reshape(teacher, [globalCrops, batchSize, network.prototypes])
  })
}

function branchKeeps(plan: StepPlan, inputs: Tensors, [from, count]: [number, number]): BranchKeeps {
  const { network } = plan
  return Array.from({ length: 2 * network.depth }, (_, branch) =>
    dropRate(plan, branch) === 0
      ? undefined
      : tf.reshape(tf.slice(inputs['keeps']!, [branch, from], [1, count]), [count])
  )
}

function adamScalars(inputs: Tensors, group: 'adam' | 'adamLastLayer'): AdamScalars {
  const entries = ADAM.map((name) => [name, inputs[`${group}.${name}`]!])
  return Object.fromEntries(entries) as Record<(typeof ADAM)[number], Tensor>
}

function update(plan: StepPlan, inputs: Tensors, gradients: Tensors): Record<string, Tensor> {
  const body = adamScalars(inputs, 'adam')
  const lastLayer = adamScalars(inputs, 'adamLastLayer')
  const average = { momentum: inputs['momentum']!, oneMinusMomentum: inputs['oneMinusMomentum']! }
  const next: Record<string, Tensor> = {}
  for (const parameter of plan.parameters) {
    const { name, decayed } = parameter
    const gradient = gradients[name]
    if (!gradient) continue
    const moments = { value: inputs[`student.${name}`]!, m: inputs[`adam.m.${name}`]!, v: inputs[`adam.v.${name}`]! }
    const step = { ...moments, gradient, clip: plan.clipGrad, decayed }
    const { value, m, v } = adamW(step, parameter.lastLayer ? lastLayer : body)
    next[`adam.m.${name}`] = m
    next[`adam.v.${name}`] = v
    next[`student.${name}`] = value
    next[`teacher.${name}`] = nextTeacher(inputs[`teacher.${name}`]!, value, average)
  }
  return next
}
