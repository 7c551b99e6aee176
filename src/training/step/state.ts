/** What a run carries from step to step, and how it begins. */

import { elementCount, type TensorSpec } from '../../engine/tensor-spec.ts'
import { type Prng, prng } from '../../math/prng.ts'
import { networkOf } from '../../recipe/network.ts'
import type { Recipe } from '../../recipe/schema.ts'
import { firstCenter } from '../../ssl/center.ts'
import { type ParameterSpec, studentParameters } from '../../ssl/parameters.ts'
import { stepStateSpecs } from './held-state.ts'
import { planOf } from './plan.ts'

/**
 * `student.<parameter>`, `teacher.<parameter>`, `adam.m.<parameter>`, `adam.v.<parameter>`, `center.cls` and, where patches
 * are predicted, `center.patch`; `em.…` with expectation-maximization, `anchor.<parameter>` with an anchor at the start;
 * row-major.
 * With `normalizeLastLayer` weight_g is 1 for good and has no moments.
 */
export type StateTensors = Record<string, Float32Array>

// Keys that keep the streams of initialization apart from those of data and drop path.
const INIT_STREAM = 0x696e6974

/** Of the student. */
export const parameterSpecs = (recipe: Recipe): ParameterSpec[] => studentParameters(networkOf(recipe))

export const stateSpecs = (recipe: Recipe): TensorSpec[] => stepStateSpecs(planOf(recipe))

/** The state before the first step: the teacher is a copy of the student, moments are 0 and no center favors a prototype. */
export function initialState(recipe: Recipe): StateTensors {
  const state: StateTensors = {}
  const { centering } = recipe.hyperparameters
  for (const { name, shape } of stateSpecs(recipe)) {
    const count = elementCount(shape)
    state[name] = new Float32Array(count).fill(name.startsWith('center.') ? firstCenter(centering, count) : 0)
  }
  parameterSpecs(recipe).forEach((parameter, index) => {
    const values = state[`student.${parameter.name}`]!
    fill(values, parameter, { recipe, index })
    for (const copy of ['teacher', 'anchor']) state[`${copy}.${parameter.name}`]?.set(values)
  })
  return state
}

function fill(
  values: Float32Array,
  { init }: ParameterSpec,
  { recipe, index }: { recipe: Recipe; index: number }
): void {
  const random = prng(recipe.seed, INIT_STREAM, index)
  const { initStd } = recipe.hyperparameters
  if (init.kind === 'ones') values.fill(1)
  for (let i = 0; i < values.length; i++) {
    if (init.kind === 'uniform') values[i] = random.uniformBetween(-init.bound, init.bound)
    if (init.kind === 'truncatedNormal') values[i] = truncatedNormal(random, init.std ?? initStd)
  }
}

// DINO truncates at 2 absolute, which is never reached at 0.02; three deviations keep wider settings tame.
const TRUNCATE_AT_DEVIATIONS = 3

function truncatedNormal(random: Prng, std: number): number {
  let value = random.normal()
  while (Math.abs(value) > TRUNCATE_AT_DEVIATIONS) value = random.normal()
  return Math.min(2, Math.max(-2, value * std))
}
