/** One registry of metrics: what people read and draw is what it lists. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { METRIC_KEYS } from '../../../src/dashboard/features/runs/metric-keys.ts'
import { METRIC_NAMES, METRICS, type Metric } from '../../../src/protocol/metrics.ts'

const PAGE = readFileSync(resolve(import.meta.dirname, '../../../docs/metrics.md'), 'utf8')

const ONLY: Readonly<Record<NonNullable<Metric['only']>, string>> = {
  masks: 'iBOT',
  nested: '`nested`',
  gram: '`gram`',
  'masks or nested': 'iBOT, `nested`',
  'koleo.features': '`koleo.features`',
  'koleo.prototypes': '`koleo.prototypes`',
  float16: 'float16',
  'device memory': 'xla on a GPU',
  'NVIDIA GPU': 'NVIDIA GPU'
}

const rowOf = ({ name, unit, only, means }: Metric): string =>
  `| \`${name}\` | ${unit} | ${only === undefined ? '' : ONLY[only]} | ${means} |`

test('every metric has one name', () => {
  assert.equal(METRIC_NAMES.size, METRICS.length)
})

for (const occasion of ['step', 'window'] as const) {
  test(`docs/metrics.md lists the metrics of a ${occasion}, and no other`, () => {
    const section = PAGE.split(/^## /m).find((text) => text.startsWith(`Every ${occasion}`))
    const rows = section?.split('\n').filter((line) => line.startsWith('| `'))
    assert.deepEqual(rows, METRICS.filter((metric) => metric.occasion === occasion).map(rowOf))
  })
}

test('the run page draws metrics of the registry only', () => {
  assert.deepEqual(
    METRIC_KEYS.filter((key) => !METRIC_NAMES.has(key)),
    []
  )
})
