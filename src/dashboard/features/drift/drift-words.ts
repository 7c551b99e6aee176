/** What windows of served images say, and why they say nothing. */

import type { Drift, DriftGroup, DriftWindow } from '../../../client/resources.ts'
import type { Line } from '../../charts/line.ts'
import { formatCount, formatMany, formatNumber } from '../../format.ts'

/** Two groups of fifty images are the fewest that can be compared. */
const FEWEST_IMAGES = 100

/** Null where there is an index. */
export function whyNoPsi({ psi, images }: Pick<DriftWindow, 'psi' | 'images'>, trainingImages: number): string | null {
  if (psi !== null) return null
  if (trainingImages < FEWEST_IMAGES)
    return `The model knows the prototypes of ${formatCount(trainingImages)} training images; ${FEWEST_IMAGES} are needed at the least.`
  if (images < FEWEST_IMAGES) return `It has ${formatMany(images, 'image')}; ${FEWEST_IMAGES} are needed at the least.`
  return 'There are no two groups of prototypes of which training lets expect fifty images each.'
}

export const whyNoDensity = (hasFitted: boolean): string =>
  hasFitted
    ? 'No image of it has a density.'
    : 'No mixture was fitted to the training images, so no image has a density.'

export function stateWords({ enabled, over_since: since, window, ended }: Drift): string {
  if (!enabled) return 'Nothing is counted.'
  if (since !== null) return 'Served images differ from those of training.'
  if (ended.length > 0) return 'The last window does not differ from training by more than its limits.'
  return window === null ? 'No image was assigned since it is counted.' : 'The first window is being counted.'
}

/** Newest first. */
export const windowsOf = ({ window, ended }: Drift): readonly DriftWindow[] =>
  window === null ? ended : [window, ...ended]

/** That is looked at unless another is chosen: the newest that was over, else the newest that can be compared. */
export const tellingWindow = (windows: readonly DriftWindow[]): DriftWindow | undefined =>
  windows.find(({ over, ended_at: at }) => over && at !== null) ??
  windows.find(({ groups, ended_at: at }) => groups.length > 0 && at !== null) ??
  windows.find(({ groups }) => groups.length > 0)

const lineOf = (
  label: string,
  points: readonly (readonly [step: number, value: number | null | undefined])[],
  style: Pick<Line, 'color' | 'isDashed'>
): Line => {
  const known = points.filter((point): point is readonly [number, number] => point[1] != null)
  return { label, series: { steps: known.map(([step]) => step), values: known.map(([, value]) => value) }, ...style }
}

type Measure = (window: DriftWindow) => number | null | undefined

/** By the windows' numbers, the first that is known first: what was measured, its limit, and what chance gives. */
export function driftLines(
  ended: readonly DriftWindow[],
  measures: { readonly value: Measure; readonly limit: Measure; readonly chance: Measure }
): readonly Line[] {
  const inTime = ended.toReversed()
  const of = (measure: Measure) => inTime.map((window) => [window.number, measure(window)] as const)
  return [
    lineOf('measured', of(measures.value), { color: 1 }),
    lineOf('limit', of(measures.limit), { color: 4, isDashed: true }),
    lineOf('expected', of(measures.chance), { color: 5, isDashed: true })
  ]
}

/** Beside a group of many whose rest is not named. */
export const restOf = ({ prototypes, prototypes_in_all: all }: DriftGroup): number => all - prototypes.length

/** How a group's images compare with what was expected. */
export const timesWords = ({ images, expected_images: expected }: DriftGroup): string =>
  expected > 0 ? `${formatNumber(images / expected, 2)} × as many` : 'none expected'
