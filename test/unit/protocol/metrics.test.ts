/** One registry of metrics: what people read and draw is what it lists. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { METRIC_KEYS, SYSTEM_KEYS } from '../../../src/dashboard/features/runs/metric-keys.ts'
import { canJudge, isMetric, METRIC_NAMES, METRICS, type Metric } from '../../../src/protocol/metrics.ts'

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
  'NVIDIA GPU': 'NVIDIA GPU',
  Linux: 'Linux'
}

const rowOf = ({ name, unit, only, means }: Metric): string =>
  `| \`${name}\` | ${unit} | ${only === undefined ? '' : ONLY[only]} | ${means} |`

test('every metric has one name', () => {
  assert.equal(METRIC_NAMES.size, METRICS.length)
})

const HEADINGS = { step: 'Every step', window: 'Every window', usage: 'The machine' } as const

for (const occasion of ['step', 'window', 'usage'] as const) {
  test(`docs/metrics.md lists the metrics of a ${occasion}, and no other`, () => {
    const section = PAGE.split(/^## /m).find((text) => text.startsWith(HEADINGS[occasion]))
    const rows = section?.split('\n').filter((line) => line.startsWith('| `'))
    assert.deepEqual(rows, METRICS.filter((metric) => metric.occasion === occasion).map(rowOf))
  })
}

test('the run page draws metrics of the registry only', () => {
  assert.deepEqual(
    [...METRIC_KEYS, ...SYSTEM_KEYS].filter((key) => !METRIC_NAMES.has(key)),
    []
  )
})

test('figures of the machine are read, by name or together, and judge nothing', () => {
  const ofUsage = METRICS.filter(({ occasion }) => occasion === 'usage').map(({ name }) => name)
  assert.deepEqual([...SYSTEM_KEYS], ofUsage, 'the run page draws them all')
  for (const name of [...ofUsage, 'system/*']) assert.deepEqual([isMetric(name), canJudge(name)], [true, false], name)
  for (const name of ['loss', 'eval/knn_top1_k20'])
    assert.deepEqual([isMetric(name), canJudge(name)], [true, true], name)
  for (const name of ['system/', 'system/temperature', 'eval/*'])
    assert.deepEqual([isMetric(name), canJudge(name)], [name === 'eval/*', false], name)
})
