/**
 * 95 % intervals. Means over images or draws are bootstrapped (Efron 1979, percentiles of 1,000 resamples). What is no mean
 * (NMI, ranks of spectra) is biased upwards when images are drawn twice; there the delete-a-group jackknife is used
 * (Quenouille 1956; Efron & Stein 1981), which leaves images out and repeats none.
 */
import { invariant } from '../base/errors.ts'
import { type Estimate, GROUPS } from '../base/evaluation.ts'
import { prng } from '../math/prng.ts'
import { quantiles } from '../math/vectors.ts'

export const RESAMPLES = 1000
/** 97.5 % of Student's t with GROUPS − 1 degrees of freedom. */
const T_GROUPS = 2.093

/** Keys of the streams that are drawn from one seed. */
export const STREAMS = { bootstrap: 1, groups: 2, draws: 3, folds: 4 } as const

/** Settings of a result whose interval is `bootstrapMeans`'s. */
export const bootstrapOver = (over: 'queries' | 'draws') =>
  ({ interval: 'bootstrap', intervalOver: over, level: 0.95, resamples: RESAMPLES }) as const

/** Settings of a result whose interval is `jackknife`'s. */
export const JACKKNIFE = {
  interval: 'jackknife',
  intervalOver: 'groups of images',
  level: 0.95,
  groups: GROUPS
} as const

/**
 * Means of several scores of the same units; one resample serves all of them.
 *
 * @param scores by name, [units] each: of queries, or of draws
 */
export function bootstrapMeans(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  seed: number
): Record<string, Estimate> {
  const names = Object.keys(scores)
  const units = scores[names[0] ?? '']?.length ?? 0
  invariant(units > 0 && names.every((name) => scores[name]!.length === units), 'a mean of nothing')
  const random = prng(seed, STREAMS.bootstrap)
  const means = new Map(names.map((name) => [name, new Float64Array(RESAMPLES)]))
  const times = new Uint32Array(units)
  for (let resample = 0; resample < RESAMPLES; resample++) {
    times.fill(0)
    for (let i = 0; i < units; i++) times[random.integer(units)]!++
    for (const [name, resampled] of means) resampled[resample] = weightedMean(scores[name]!, times)
  }
  return Object.fromEntries(
    names.map((name) => {
      const [low, high] = quantiles(means.get(name)!, [0.025, 0.975]) as [number, number]
      return [name, { value: meanOf(scores[name]!), low, high }]
    })
  )
}

const weightedMean = (values: ArrayLike<number>, times: Uint32Array): number => {
  let sum = 0
  for (let i = 0; i < times.length; i++) if (times[i]! > 0) sum += times[i]! * values[i]!
  return sum / times.length
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** A group in 0 … GROUPS − 1 for each unit, at random, of sizes that differ by one at most. */
export function randomGroups(units: number, seed: number): Uint8Array {
  invariant(units >= GROUPS, `${units} images cannot be left out in ${GROUPS} groups`)
  const order = prng(seed, STREAMS.groups).permutation(units)
  const group = new Uint8Array(units)
  order.forEach((unit, place) => {
    group[unit] = place % GROUPS
  })
  return group
}

/** @param without [GROUPS] the statistic without each group */
export function jackknife(value: number, without: readonly number[]): Estimate {
  const groups = without.length
  const mean = meanOf(without)
  const squared = without.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  const half = T_GROUPS * Math.sqrt(((groups - 1) / groups) * squared)
  return { value, low: value - half, high: value + half }
}
