/**
 * Measurements of several models as one page of HTML: a table a protocol with the models side by side, intervals drawn, the
 * settings beside them, and a warning wherever numbers must not be compared. It loads nothing and runs nothing.
 */
import { bucketRanges } from '../base/bucket-ranges.ts'
import type { Bucket } from '../base/evaluation.ts'
import { type Column, type Comparison, columnsOf, compare, ownOf } from './compare.ts'
import { inWords, type Scale, scaleInWords, scaleOf, whiskers } from './estimates.ts'
import { type Html, html } from './html.ts'
import type { Measurement } from './measurement.ts'
import { STYLE } from './style.ts'

export const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** A whole document. */
export const reportPage = (measurements: readonly Measurement[]): string => [...reportPieces(measurements)].join('')

/** It, a table at a time: of fifty evaluations with all protocols a whole one takes 40 to 100 ms, a piece of it under 5. */
export function* reportPieces(measurements: readonly Measurement[]): Generator<string> {
  const columns = columnsOf(measurements)
  const comparisons = compare(columns)
  // The style is ours and holds no sign that would be escaped but quotes, which must not be.
  const style: Html = { html: STYLE }
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}">
<title>Evaluations compared</title>
<style>${style}</style>
</head>
<body>
<h1>Evaluations compared</h1>
<p class="muted">Intervals are of 95 %: over the images or draws that the settings say, not over training runs. Compare
numbers of equal settings on equal images only.</p>
${sources(columns)}
`.html
  for (const comparison of comparisons) for (const piece of protocolSection(comparison)) yield piece.html
  yield `
</body>
</html>
`
}

const sources = (columns: readonly Column[]): Html => html`<section><h2>What is compared</h2><div class="table"><table>
<thead><tr><th></th><th scope="col">Model</th><th scope="col">Bank</th><th scope="col">Queries</th><th scope="col">From</th></tr></thead>
<tbody>${columns.map(
  ({ letter, model, bankSource, queriesSource, firstDimensions, from }) => html`<tr><th scope="row">${letter}</th>
<td class="path">${model}${firstDimensions === null ? '' : `, first ${firstDimensions} dimensions`}</td><td class="path">${bankSource}</td>
<td class="path">${queriesSource ?? 'none: each image without itself'}</td><td class="path">${from}</td></tr>`
)}</tbody></table></div></section>`

function* protocolSection(comparison: Comparison): Generator<Html> {
  const { protocol, columns, metrics, warnings } = comparison
  yield html`<section><h2>${protocol}</h2>
${warnings.map((warning) => html`<p class="warning" role="note">⚠ ${warning}</p>`)}
<div class="table"><table><thead><tr><th scope="col">Metric</th>${headers(columns)}</tr></thead>
<tbody>`
  for (const metric of metrics) yield metricRow(metric, columns)
  yield html`</tbody></table></div>
${columns.map(({ letter, measurement }) => bucketTable(letter, measurement))}
`
  yield html`${settingsTable(comparison)}</section>`
}

const headers = (columns: Comparison['columns']): Html =>
  html`${columns.map(
    ({ letter, measurement }) =>
      html`<th scope="col">${letter} <span class="muted small">${shortened(measurement.model)}${dimensionsOf(measurement)}</span></th>`
  )}`

const dimensionsOf = ({ settings }: Measurement): string => {
  const chosen = ownOf(settings, 'dimensions')
  return typeof chosen === 'number' ? `, first ${chosen} dimensions` : ''
}

/** The end of a path: it is what differs between models. */
const shortened = (model: string): string => (model.length <= 32 ? model : `…${model.slice(-31)}`)

function metricRow(metric: string, columns: Comparison['columns']): Html {
  const estimates = columns.map(({ measurement }) => ownOf(measurement.metrics, metric))
  const scale = scaleOf(estimates.filter((one) => one !== undefined))
  return html`<tr><th scope="row">${metric}${scale && scaleNote(metric, scale)}</th>${estimates.map((estimate) =>
    estimate === undefined || scale === null
      ? html`<td>–</td>`
      : html`<td>${inWords(metric, estimate)}${whiskers(metric, estimate, scale)}</td>`
  )}</tr>`
}

const scaleNote = (metric: string, scale: Scale): Html =>
  html`<br><span class="muted">drawn from ${scaleInWords(metric, scale)}</span>`

function bucketTable(letter: string, { buckets }: Measurement): Html {
  if (buckets.length === 0) return html``
  const scale = scaleOf(buckets.map(({ top1 }) => top1))
  const ranges = bucketRanges(buckets)
  const row = (bucket: Bucket, i: number): Html =>
    html`<tr><th scope="row">${ranges[i] ?? ''}</th><td>${bucket.images} of ${bucket.prototypes} prototypes</td>
<td>${inWords('top1', bucket.top1)}${scale && whiskers('top1', bucket.top1, scale)}</td></tr>`
  return html`<details><summary>Buckets of ${letter}: images by the κ, and by the usage, of their prototype</summary>
<div class="table"><table><thead><tr><th scope="col">Bucket</th><th scope="col">Images</th><th scope="col">Top-1</th></tr></thead>
<tbody>${buckets.map(row)}</tbody></table></div></details>`
}

function settingsTable({ settings, columns }: Comparison): Html {
  const counts = (['bank', 'queries', 'classes', 'dimensions'] as const).map((name) => ({
    name,
    values: columns.map(({ measurement }) => String(measurement[name] ?? '–'))
  }))
  const rows = [...counts.map((one) => ({ ...one, differs: false })), ...settings]
  return html`<details open><summary>Settings and sizes</summary><div class="table"><table class="small">
<thead><tr><th scope="col">Setting</th>${columns.map(({ letter }) => html`<th scope="col">${letter}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ name, values, differs }) =>
      html`<tr class="${differs ? 'differs' : ''}"><th scope="row">${name}</th>${values.map(
        (value) => html`<td>${value}</td>`
      )}</tr>`
  )}</tbody></table></div></details>`
}
