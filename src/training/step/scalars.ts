/** The numbers of one step as the program takes them, computed in float64 where PyTorch does. */

/** DINO's, which are PyTorch's defaults. */
export const BETA1 = 0.9
export const BETA2 = 0.999
export const EPSILON = 1e-8

/** Of expectation-maximization; left out where gradients alone move prototypes. */
export interface EmSchedule {
  readonly rate: number
  /** 0 while the last layer is frozen. */
  readonly pull: number
}

export interface ScalarSchedule {
  readonly learningRate: number
  readonly weightDecay: number
  readonly teacherMomentum: number
  readonly teacherTemperature: number
  /** Left out by methods that hide nothing. */
  readonly patchTeacherTemperature?: number
  readonly freezeLastLayer: boolean
  /** 1 for the first update. */
  readonly adamStep: number
  readonly adamLastLayerStep: number
  readonly em?: EmSchedule
}

export function stepScalars(at: ScalarSchedule): Record<string, Float32Array> {
  const body = adamNumbers(at, at.adamStep)
  const lastLayer = at.freezeLastLayer ? FROZEN : adamNumbers(at, at.adamLastLayerStep)
  const values: Record<string, number> = {
    inverseTeacherTemperature: 1 / at.teacherTemperature,
    ...(at.patchTeacherTemperature ? { inversePatchTeacherTemperature: 1 / at.patchTeacherTemperature } : {}),
    momentum: at.teacherMomentum,
    oneMinusMomentum: 1 - at.teacherMomentum,
    ...prefixed('adam', body),
    ...prefixed('adamLastLayer', lastLayer),
    ...(at.em ? { 'em.rate': at.em.rate, 'em.pull': at.em.pull } : {})
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Float32Array.of(value)]))
}

const prefixed = (prefix: string, values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]))

/** What `adamW` takes. @param step 1 for the first update */
export function adamNumbers(
  { learningRate, weightDecay }: Pick<ScalarSchedule, 'learningRate' | 'weightDecay'>,
  step: number
): Record<string, number> {
  const correction1 = 1 - BETA1 ** step
  const correction2 = Math.sqrt(1 - BETA2 ** step)
  return {
    beta1: BETA1,
    oneMinusBeta1: 1 - BETA1,
    beta2: BETA2,
    oneMinusBeta2: 1 - BETA2,
    stepSize: (learningRate * correction2) / correction1,
    epsilon: EPSILON * correction2,
    decay: 1 - learningRate * weightDecay
  }
}

/**
 * Adam with these leaves value and moments as they are, bit for bit: x · 1 + g · 0 and x · 1 − 0. So freezing needs
 * neither another program nor a pass over the parameters; PyTorch skips parameters without a gradient the same way.
 */
const FROZEN: Record<string, number> = {
  beta1: 1,
  oneMinusBeta1: 0,
  beta2: 1,
  oneMinusBeta2: 0,
  stepSize: 0,
  epsilon: 1,
  decay: 1
}
