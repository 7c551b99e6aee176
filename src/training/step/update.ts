/** What the gradients do: AdamW on the student, each parameter clipped by itself, then the teacher follows. */
import { choose } from '../../engine/ops/choose.ts'
import type { Tensor, Tensors } from '../../engine/tf.ts'
import { nextTeacher } from '../../ssl/teacher.ts'
import { ADAM } from './inputs.ts'
import { type AdamScalars, adamW, type Moments } from './optimizer.ts'
import type { StepPlan } from './plan.ts'

function adamScalars(inputs: Tensors, group: 'adam' | 'adamLastLayer'): AdamScalars {
  const entries = ADAM.map((name) => [name, inputs[`${group}.${name}`]!])
  return Object.fromEntries(entries) as Record<(typeof ADAM)[number], Tensor>
}

export interface Gradients {
  /** Of the trained parameters, by name. */
  readonly of: Tensors
  /** When it is false student and moments stay; the teacher follows all the same. */
  readonly usable?: Tensor | undefined
}

/** @returns the next student, teacher and moments */
export function update(plan: StepPlan, inputs: Tensors, { of: gradients, usable }: Gradients): Record<string, Tensor> {
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
    const moved = adamW(step, parameter.lastLayer ? lastLayer : body)
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

const chooseMoments = (usable: Tensor, moved: Moments, before: Moments): Moments => ({
  value: choose(usable, moved.value, before.value),
  m: choose(usable, moved.m, before.m),
  v: choose(usable, moved.v, before.v)
})
