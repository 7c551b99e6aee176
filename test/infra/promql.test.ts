import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricsIn, offeredBy } from './promql.ts'

test('names of metrics are found in an expression, and nothing else is', () => {
  assert.deepEqual(metricsIn('max by (kind) (kappa_queue_oldest_seconds{kind!="run-leg"}) > 1800'), [
    'kappa_queue_oldest_seconds'
  ])
  assert.deepEqual(metricsIn('histogram_quantile(0.5, sum by (le) (rate(a_bucket[5m]))) / scalar(sum(b))'), [
    'a_bucket',
    'b'
  ])
  assert.deepEqual(metricsIn('free < 10e9 or min(figures) == 0 and on (x) up{job=~"a.*(b)"}'), [
    'free',
    'figures',
    'up'
  ])
})

test('a histogram offers what it is stored as, and not its own name', () => {
  const offered = offeredBy('# TYPE a histogram\na_bucket{le="1"} 1\n# HELP b x\n# TYPE b gauge\n')
  assert.deepEqual([...offered].sort(), ['a_bucket', 'a_count', 'a_sum', 'b'])
})
