/** From numbers to pixels, and the round numbers in between. */
import { formatNumber } from '../format.ts'

export interface Scale {
  readonly min: number
  readonly max: number
  toPixel(value: number): number
  toValue(pixel: number): number
}

export function linearScale([min, max]: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  const span = max - min || 1
  return {
    min,
    max,
    toPixel: (value) => from + ((value - min) / span) * (to - from),
    toValue: (pixel) => min + ((pixel - from) / (to - from || 1)) * span
  }
}

/** 1, 2 or 5 times a power of ten, so that `span` holds about `count` of it. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0)) return 1
  const rough = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const ratio = rough / power
  const multiple = ratio >= 7.07 ? 10 : ratio >= 3.16 ? 5 : ratio >= 1.41 ? 2 : 1
  return multiple * power
}

export function niceTicks(min: number, max: number, count: number): number[] {
  const step = niceStep(max - min, count)
  const ticks: number[] = []
  // Multiples by index: adding the step would pile up rounding errors into labels such as 0.30000000000000004.
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)))
  }
  return ticks
}

/** Steps are whole numbers: no ticks between them. */
export const stepTicks = (min: number, max: number, count: number): number[] =>
  niceTicks(min, max, Math.min(count, Math.max(1, max - min))).filter(Number.isInteger)

export interface ExtentOptions {
  /** Values that must be in view, such as a reference line. */
  readonly include?: readonly number[]
}

/** Those that a tick is rounded to. */
const MOST_DIGITS = 12

/** Smallest and largest finite value with a margin of 5 %; [0, 1] when there is none. */
export function paddedExtent(
  series: readonly (readonly number[])[],
  { include = [] }: ExtentOptions = {}
): [number, number] {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const values of [...series, include]) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue
      if (value < min) min = value
      if (value > max) max = value
    }
  }
  if (min > max) return [0, 1]
  if (min === max) return min === 0 ? [-1, 1] : [min - Math.abs(min) * 0.1, max + Math.abs(max) * 0.1]
  const margin = (max - min) * 0.05
  // A quantity that is never negative should not show a negative axis.
  return [min >= 0 && min - margin < 0 ? 0 : min - margin, max + margin]
}

export interface Tick {
  readonly at: number
  readonly label: string
}

/** With as many digits as it takes to tell them apart: of 3.9872 and 3.9874 four would say 3.987 twice. */
export function labelled(ticks: readonly number[]): Tick[] {
  let labels: readonly string[] = []
  for (let digits = 4; digits <= MOST_DIGITS; digits++) {
    labels = ticks.map((tick) => formatNumber(tick, digits))
    if (new Set(labels).size === ticks.length) break
  }
  return ticks.map((at, index) => ({ at, label: labels[index] ?? '' }))
}

/** Of shares, in percent: as they are written beside the chart. */
export const shareTicks = (min: number, max: number, count: number): Tick[] =>
  labelled(niceTicks(100 * min, 100 * max, count)).map(({ at, label }) => ({ at: at / 100, label: `${label} %` }))

/** Counts from zero to many thousands on one axis: 0 is there, unlike on a logarithmic one. */
export const squeeze = (count: number): number => Math.log10(1 + count)

/** 0, 1, 10, 100, … up to the largest count, where `squeeze` puts them. */
export function squeezedTicks(largest: number): Tick[] {
  const ticks = [{ at: 0, label: '0' }]
  for (let count = 1; count <= Math.max(1, largest); count *= 10) {
    ticks.push({ at: squeeze(count), label: count.toLocaleString('en') })
  }
  return ticks
}
