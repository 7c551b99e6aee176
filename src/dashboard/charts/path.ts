import type { Scale } from './scale.ts'
import type { Series } from './series.ts'

const round = (pixel: number): string => String(Math.round(pixel * 10) / 10)

/** SVG path through the points; a value that is not finite breaks the line, so a gap looks like one. */
export function linePath({ steps, values }: Series, x: Scale, y: Scale): string {
  let path = ''
  let isDown = false
  for (let i = 0; i < steps.length; i++) {
    const value = values[i] ?? Number.NaN
    if (!Number.isFinite(value)) {
      isDown = false
      continue
    }
    path += `${isDown ? 'L' : 'M'}${round(x.toPixel(steps[i] ?? 0))} ${round(y.toPixel(value))}`
    isDown = true
  }
  return path
}

/** Closed area between two series. */
export function bandPath(lower: Series, upper: Series, x: Scale, y: Scale): string {
  if (lower.steps.length === 0 || upper.steps.length === 0) return ''
  const back: Series = { steps: lower.steps.toReversed(), values: lower.values.toReversed() }
  const there = linePath(upper, x, y)
  return there === '' ? '' : `${there}${linePath(back, x, y).replace('M', 'L')}Z`
}
