/** The same curves by what was done: steps, images that were seen, or time that was trained. */
import { indexAt, type Series } from '../../charts/series.ts'

export const X_AXES = ['step', 'images seen', 'minutes'] as const
export type XAxis = (typeof X_AXES)[number]

/** What turns a step of one run into a place on the axis. */
export type Placing = (step: number) => number

/**
 * Minutes of training up to a step, by the speed of each: what a run waited for between its legs is left out.
 *
 * @param speed images per second, by step; what is no positive number counts as the last that was
 * @param imagesPerStep of this run
 */
export function minutesOf(speed: Series, imagesPerStep: number): Placing {
  const ends: number[] = []
  const steps: number[] = []
  let minutes = 0
  let before = 0
  let last = 0
  for (const [index, step] of speed.steps.entries()) {
    const value = speed.values[index] ?? 0
    if (value > 0) last = value
    if (last > 0) minutes += ((step - before) * imagesPerStep) / last / 60
    before = step
    steps.push(step)
    ends.push(minutes)
  }
  return (step) => {
    const index = indexAt(steps, step)
    const [from = 0, at = 0] = [steps[index], ends[index]]
    const [to, end] = [steps[index + 1], ends[index + 1]]
    return to === undefined || end === undefined ? at : at + ((end - at) * (step - from)) / (to - from)
  }
}

export const placed = ({ steps, values }: Series, place: Placing): Series => ({ steps: steps.map(place), values })
