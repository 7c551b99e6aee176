/** Looks at the teacher's prototypes while training goes on; changes nothing. */

import { quantiles } from '../../math/vectors.ts'

/** Steps between two looks inside an epoch; there is one at the end of every epoch as well. */
const WINDOW_STEPS = 50

const PERCENTS = [0, 5, 25, 50, 75, 95, 100] as const

export const isWindowEnd = (step: number, stepsPerEpoch: number): boolean =>
  step % WINDOW_STEPS === 0 || step % stepsPerEpoch === 0

/**
 * @param magnitudes [K] weight-norm magnitudes g of the teacher's last layer; |g| is the prototype's norm
 * @returns kappa_p0 … kappa_p100 with kappa = |g| / teacher temperature
 */
export function kappaQuantiles(magnitudes: Float32Array, teacherTemperature: number): Record<string, number> {
  const norms = quantiles(
    magnitudes.map(Math.abs),
    PERCENTS.map((percent) => percent / 100)
  )
  return Object.fromEntries(PERCENTS.map((percent, i) => [`kappa_p${percent}`, norms[i]! / teacherTemperature]))
}
