/** An estimate in words and as a mark with whiskers. */
import { type Estimate, isShare } from '../base/evaluation.ts'
import { type Html, html } from './html.ts'

const number = (value: number, metric: string): string =>
  isShare(metric) ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)

export const inWords = (metric: string, { value, low, high }: Estimate): Html =>
  html`<b>${number(value, metric)}</b> <span class="interval">${number(low, metric)} … ${number(high, metric)}</span>`

/** Both ends of a row: every mark of the row is drawn between them. */
export interface Scale {
  readonly from: number
  readonly to: number
}

/** Room at the ends, as a share. */
const MARGIN = 0.06

/** Null where nothing is drawn. */
export function scaleOf(estimates: readonly Estimate[]): Scale | null {
  if (estimates.length === 0) return null
  const low = Math.min(...estimates.map((one) => Math.min(one.low, one.value)))
  const high = Math.max(...estimates.map((one) => Math.max(one.high, one.value)))
  const room = (high - low) * MARGIN || Math.abs(high) * MARGIN || 1
  return { from: low - room, to: high + room }
}

export const scaleInWords = (metric: string, { from, to }: Scale): string =>
  `${number(from, metric)} to ${number(to, metric)}`

const [WIDTH, HEIGHT] = [160, 18]
const TICK = 4

export function whiskers(metric: string, { value, low, high }: Estimate, { from, to }: Scale): Html {
  const x = (at: number) => ((WIDTH * (at - from)) / (to - from)).toFixed(1)
  const middle = HEIGHT / 2
  const tick = (at: number) => html`<line x1="${x(at)}" x2="${x(at)}" y1="${middle - TICK}" y2="${middle + TICK}"/>`
  const label = `${metric} ${number(value, metric)}, from ${number(low, metric)} to ${number(high, metric)}`
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${label}">
<line class="ground" x1="0" x2="${WIDTH}" y1="${middle}" y2="${middle}"/>
<line x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>${tick(low)}${tick(high)}
<circle cx="${x(value)}" cy="${middle}" r="4"/></svg>`
}
