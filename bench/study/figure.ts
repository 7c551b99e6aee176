/** One dot a seed and a bar at the mean, a row a condition; drawn for light and dark pages. */
import { type StudyResult, valuesBySeed } from './results.ts'
import { intervalOf } from './statistics.ts'

const WIDTH = 760
const ROW = 22
const [LEFT, RIGHT, TOP, BOTTOM] = [250, 60, 44, 30] as const

const STYLE = `text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600}.g{stroke:#ddd}.d{fill:#4269d0;fill-opacity:.75}.m{stroke:#222;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#ddd}.g{stroke:#444}.d{fill:#8ab4ff}.m{stroke:#eee}}`

export function drawDots(
  conditions: readonly string[],
  results: readonly StudyResult[],
  { value, title }: { readonly value: string; readonly title: string }
): string {
  const rows = conditions.map((name) => ({ name, values: [...valuesBySeed(results, name, value).values()] }))
  const all = rows.flatMap(({ values }) => values.map((one) => 100 * one))
  const [least, most] = [Math.floor(Math.min(...all) / 5) * 5, Math.ceil(Math.max(...all) / 5) * 5]
  const x = (percent: number) => LEFT + ((percent - least) / (most - least)) * (WIDTH - LEFT - RIGHT)
  const height = TOP + rows.length * ROW + BOTTOM
  const ticks = Array.from({ length: (most - least) / 5 + 1 }, (_, i) => least + 5 * i)
  const grid = ticks.map(
    (tick) =>
      `<line class="g" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${height - BOTTOM}"/>` +
      `<text x="${x(tick)}" y="${height - 10}" text-anchor="middle">${tick}</text>`
  )
  const marks = rows.map(({ name, values }, row) => {
    const y = TOP + ROW * (row + 0.5)
    const mean = 100 * intervalOf(values).mean
    const dots = values.map((one) => `<circle class="d" cx="${x(100 * one).toFixed(1)}" cy="${y}" r="4"/>`).join('')
    const at = x(mean).toFixed(1)
    const bar = `<line class="m" x1="${at}" x2="${at}" y1="${y - 8}" y2="${y + 8}"/>`
    return (
      `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end">${name}</text>${dots}${bar}` +
      `<text x="${WIDTH - RIGHT + 12}" y="${y + 4}">${mean.toFixed(1)}</text>`
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    `<style>${STYLE}</style>`,
    `<text class="t" x="${LEFT}" y="24">${title}</text>`,
    ...grid,
    ...marks,
    '</svg>',
    ''
  ].join('\n')
}
