/**
 * What the gradients do: AdamW on the student, each parameter clipped by itself, then the teacher follows. Parameter by
 * parameter, for engines that run op by op: a parameter stays in a cache between them.
 */
import { sumSquares } from '../../engine/ops/sum-squares.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { nextTeacher } from '../../ssl/teacher.ts'
import { ADAM } from './inputs.ts'
import { type AdamScalars, adamW, chooseMoments, clipFactor } from './optimizer.ts'
import type { StepPlan } from './plan.ts'
import { scalingMetrics, scalingOf } from './scaling.ts'

export interface Update {
  /** Of the gradients. */
  readonly metrics: Record<string, Tensor>
  /** Writes down the next student, teacher and moments. When the gradients cannot be used the teacher alone moves. */
  move(): Record<string, Tensor>
}

export function adamScalars(inputs: Tensors, group: 'adam' | 'adamLastLayer'): AdamScalars {
  const entries = ADAM.map((name) => [name, inputs[`${group}.${name}`]!])
  return Object.fromEntries(entries) as Record<(typeof ADAM)[number], Tensor>
}

/** @param gradients of the trained parameters, by name */
export function update(plan: StepPlan, inputs: Tensors, gradients: Tensors): Update {
  const squares = Object.values(gradients)
    .map(sumSquares)
    .reduce((a, b) => tf.add(a, b))
  const usable = scalingOf(plan, inputs).usable(squares)
  return {
    metrics: scalingMetrics(tf.sqrt(squares), usable),
    move: () => nextState(plan, inputs, { gradients, usable })
  }
}

interface Usable {
  readonly gradients: Tensors
  readonly usable: Tensor | undefined
}

function nextState(plan: StepPlan, inputs: Tensors, { gradients, usable }: Usable): Record<string, Tensor> {
  const body = adamScalars(inputs, 'adam')
  const lastLayer = adamScalars(inputs, 'adamLastLayer')
  const average = { momentum: inputs['momentum']!, oneMinusMomentum: inputs['oneMinusMomentum']! }
  const next: Record<string, Tensor> = {}
  for (const parameter of plan.parameters) {
    const { name, decayed } = parameter
    const gradient = gradients[name]
    if (!gradient) continue
    const moments = { value: inputs[`student.${name}`]!, m: inputs[`adam.m.${name}`]!, v: inputs[`adam.v.${name}`]! }
    const clip = clipFactor(sumSquares(gradient), plan.clipGrad)
    const moved = adamW({ ...moments, gradient, clip, decayed }, parameter.lastLayer ? lastLayer : body)
    const { value, m, v } = usable ? chooseMoments(usable, moved, moments) : moved
    next[`adam.m.${name}`] = m
    next[`adam.v.${name}`] = v
    next[`student.${name}`] = value
    // The teacher has no mask token.
    const followed = inputs[`teacher.${name}`]
    if (followed) next[`teacher.${name}`] = nextTeacher(followed, value, average)
  }
  return next
}
