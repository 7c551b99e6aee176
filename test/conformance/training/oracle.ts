/** The oracle's networks, images and schedules, rebuilt from its integer formula, and the step on its unquantized images. */
import { readFileSync } from 'node:fs'
import type { Feeds } from '../../../src/engine/engine.ts'
import type { Program } from '../../../src/engine/program.ts'
import { elementCount, type TensorSpec } from '../../../src/engine/tensor-spec.ts'
import type { Network } from '../../../src/recipe/network.ts'
import { networkParameters, studentParameters } from '../../../src/ssl/parameters.ts'
import { cutPatches } from '../../../src/ssl/patches.ts'
import { changedState } from '../../../src/training/step/held-state.ts'
import { stepInputs } from '../../../src/training/step/inputs.ts'
import { metricNames } from '../../../src/training/step/metrics.ts'
import { hiddenInputs } from '../../../src/training/step/patch-masks.ts'
import type { StepPlan } from '../../../src/training/step/plan.ts'
import { buildStep } from '../../../src/training/step/program.ts'
import { stepScalars } from '../../../src/training/step/scalars.ts'

export interface Summary {
  readonly norm: number
  readonly sum: number
  readonly first6: readonly number[]
}
type Numbers = readonly number[] | readonly Numbers[]
export interface OracleStep {
  readonly loss: number
  readonly intermediates: Readonly<Record<string, Numbers>>
  readonly grad_summary: Readonly<Record<string, Summary>>
  readonly clip_coefficients: Readonly<Record<string, number>>
  readonly student_after: Readonly<Record<string, Summary>>
  readonly teacher_after: Readonly<Record<string, Summary>>
  readonly [full: string]: unknown
}
export interface ParameterRow {
  readonly name: string
  readonly shape: readonly number[]
  readonly stream: number
  readonly amp: number
  readonly offset: number
}
interface Flags {
  readonly vmf: boolean
  readonly ibot: boolean
  readonly learn_g: boolean
}
interface Golden {
  readonly config: Readonly<Record<string, number>> & {
    readonly [K in 'teacher_temp' | 'teacher_patch_temp' | 'ema_momentum' | 'lr' | 'weight_decay']: readonly [
      number,
      number
    ]
  }
  readonly generator: { readonly u01_examples: readonly (readonly [number, number, number])[] }
  readonly parameter_table: readonly ParameterRow[]
  /** Of the global crops: [crop][image][row][column], 1 is hidden. */
  readonly masks: readonly Numbers[]
  readonly pos_embed_fixture: Readonly<Record<string, readonly (readonly number[])[]>>
  readonly variants: Readonly<Record<VariantName, { readonly flags: Flags; readonly steps: readonly OracleStep[] }>>
}

export type VariantName = 'dino' | 'dino_unnorm' | 'dino_vmf' | 'ibot' | 'ibot_vmf'
const GOLDEN_FILE = new URL('../golden/torch_reference.json', import.meta.url)
export const golden: Golden = JSON.parse(readFileSync(GOLDEN_FILE, 'utf8'))
const c = golden.config

/** In [0, 1); exact integers below 2⁵³ before the one division. */
export const u01 = (n: number, stream: number): number =>
  ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007) / 10007

const numbers = (
  count: number,
  { stream, amp, offset }: Pick<ParameterRow, 'stream' | 'amp' | 'offset'>
): Float64Array => Float64Array.from({ length: count }, (_, i) => offset + amp * (2 * u01(i + 1, stream) - 1))

const PLAIN: Network = {
  dim: c['embed_dim']!,
  depth: c['depth']!,
  heads: c['heads']!,
  mlpRatio: c['mlp_ratio']!,
  patchSize: c['patch']!,
  channels: c['in_chans']!,
  imageSize: c['global_size']!,
  headHiddenDim: c['head_hidden']!,
  bottleneckDim: c['bottleneck']!,
  prototypes: c['out_dim']!
}

const masks = Uint8Array.from(golden.masks.flat(4) as number[])
const MASKED_CROPS = c['n_global']! * c['batch']!
/** More than the masks hide, so that some rows only fill up. */
const SLOTS = masks.reduce((sum, hidden) => sum + hidden, 0) + 7

export interface PlanOptions {
  /** Whether the step keeps its parameters as one matrix. */
  readonly flat?: boolean
  /** What the network has besides the oracle's. */
  readonly more?: Partial<Network>
}

export function oraclePlan(variant: VariantName, { flat = false, more = {} }: PlanOptions = {}): StepPlan {
  const { vmf, ibot, learn_g } = golden.variants[variant].flags
  const network = { ...PLAIN, ...(ibot ? { maskToken: true } : {}), ...more }
  const lossWeights = { clsLossWeight: c['lambda_cls']!, patchLossWeight: c['lambda_patch']! }
  return {
    network,
    parameters: studentParameters(network),
    teacherParameters: networkParameters(network),
    batchSize: c['batch']!,
    replicas: 1,
    globalCrops: c['n_global']!,
    localCrops: c['n_local']!,
    localSize: c['local_size']!,
    pixels: { mean: [], std: [] },
    vmf,
    centering: vmf ? 'probability' : 'logit',
    centerMomentum: c['center_momentum']!,
    studentTemperature: c['student_temp']!,
    clipGrad: c['clip_grad']!,
    dropPath: 0,
    nested: [],
    koleo: { features: 0, prototypes: 0 },
    normalizeLastLayer: !learn_g,
    scalesLoss: false,
    flat,
    ...(ibot ? { masked: { slots: SLOTS, centerMomentum: c['center_momentum']!, ...lossWeights } } : {})
  }
}

export function oracleState(
  variant: VariantName,
  table: readonly ParameterRow[] = golden.parameter_table
): Record<string, Float32Array> {
  const { vmf, ibot, learn_g } = golden.variants[variant].flags
  const state: Record<string, Float32Array> = {}
  for (const row of table) {
    const isMaskToken = row.name === 'backbone.masked_embed'
    if (isMaskToken && !ibot) continue
    const count = elementCount(row.shape)
    const ones = row.name.endsWith('weight_g') && !learn_g
    const student = ones ? new Float64Array(count).fill(1) : numbers(count, row)
    const shift = ones ? new Float64Array(count) : numbers(count, { stream: row.stream + 100, amp: 0.05, offset: 0 })
    state[`student.${row.name}`] = Float32Array.from(student)
    if (!isMaskToken) state[`teacher.${row.name}`] = Float32Array.from(student, (value, i) => value + shift[i]!)
    if (ones) continue
    state[`adam.m.${row.name}`] = new Float32Array(count)
    state[`adam.v.${row.name}`] = new Float32Array(count)
  }
  const k = PLAIN.prototypes
  const center = vmf ? { amp: 0.3, offset: -Math.log(k) } : { amp: 0.1, offset: 0 }
  state['center.cls'] = Float32Array.from(numbers(k, { stream: 301, ...center }))
  if (ibot) state['center.patch'] = Float32Array.from(numbers(k, { stream: 302, ...center }))
  return state
}

/** Crops of the oracle are [B, C, H, W] with values around 0; ours are [crops · B, H, W, C]. */
function crops(first: number, count: number, size: number): Float32Array {
  const { channels } = PLAIN
  const batch = c['batch']!
  const image = size * size * channels
  const pixels = new Float32Array(count * batch * image)
  for (let crop = 0; crop < count; crop++) {
    const values = numbers(batch * image, { stream: 201 + first + crop, amp: 1.5, offset: 0 })
    values.forEach((value, i) => {
      const b = Math.floor(i / image)
      const channel = Math.floor((i % image) / (size * size))
      pixels[(crop * batch + b) * image + (i % (size * size)) * channels + channel] = value
    })
  }
  return pixels
}

export function oracleFeeds(variant: VariantName, step: 0 | 1): Feeds {
  const { ibot } = golden.variants[variant].flags
  return {
    ...(ibot ? hiddenInputs(masks, { crops: MASKED_CROPS, slots: SLOTS }) : {}),
    globalCrops: crops(0, c['n_global']!, c['global_size']!),
    localCrops: crops(c['n_global']!, c['n_local']!, c['local_size']!),
    ...stepScalars({
      learningRate: c.lr[step],
      weightDecay: c.weight_decay[step],
      teacherMomentum: c.ema_momentum[step],
      teacherTemperature: c.teacher_temp[step],
      ...(ibot ? { patchTeacherTemperature: c.teacher_patch_temp[step] } : {}),
      freezeLastLayer: false,
      adamStep: step + 1,
      adamLastLayerStep: step + 1
    })
  }
}

/** The training step on float images: the oracle's are not bytes. */
export function oracleProgram(plan: StepPlan): Program {
  const { patchSize, imageSize, channels } = plan.network
  const images = (name: string, count: number, size: number): TensorSpec => ({
    name,
    shape: [count * plan.batchSize, size, size, channels],
    dtype: 'float32'
  })
  return {
    name: 'oracle-step',
    inputs: [
      ...stepInputs(plan),
      images('globalCrops', plan.globalCrops, imageSize),
      images('localCrops', plan.localCrops, plan.localSize)
    ],
    outputs: [...changedState(plan), ...metricNames(plan)],
    build: (inputs) =>
      buildStep(plan, inputs, {
        global: cutPatches(inputs['globalCrops']!, patchSize),
        local: cutPatches(inputs['localCrops']!, patchSize)
      })
  }
}
