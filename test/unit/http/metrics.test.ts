import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { register } from 'prom-client'
import { createMetrics } from '../../../src/http/core/metrics.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'

const TIMINGS = { decodeMs: 1000, queueMs: 2000, inferMs: 3000, encodeMs: 500 }
const request = { method: 'GET', route: '/v1/runs/:id', status: 200 }

test('what is counted is there under its name', async () => {
  let streams = 3
  const metrics = createMetrics({ count: () => streams })
  metrics.countRequest(request, 0.02)
  metrics.countRequest(request, 20)
  metrics.countInference('embed', 8, TIMINGS)
  metrics.countRefused('address')
  const values = parseMetrics(await metrics.render())
  const expected = {
    'kappa_http_requests_total{method="GET",route="/v1/runs/:id",status="200"}': 2,
    'kappa_http_request_duration_seconds_bucket{le="0.025",method="GET",route="/v1/runs/:id"}': 1,
    'kappa_http_request_duration_seconds_bucket{le="10",method="GET",route="/v1/runs/:id"}': 1,
    'kappa_http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/v1/runs/:id"}': 2,
    'kappa_http_request_duration_seconds_sum{method="GET",route="/v1/runs/:id"}': 20.02,
    'kappa_inference_images_total{kind="embed"}': 8,
    'kappa_inference_requests_total{kind="embed"}': 1,
    'kappa_inference_stage_seconds_total{kind="embed",stage="infer"}': 3,
    'kappa_rate_limited_total{by="address"}': 1,
    kappa_event_streams: 3
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(values.get(name), value, name)
  for (const name of [
    'kappa_event_loop_delay_p99_seconds',
    'kappa_process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes'
  ]) {
    assert.ok(Number.isFinite(values.get(name)), name)
  }
  streams = 0
  assert.equal(parseMetrics(await metrics.render()).get('kappa_event_streams'), 0)
  metrics.close()
})

test('apps of one process count each for themselves, and leave nothing behind', async () => {
  const first = createMetrics({ count: () => 1 })
  const before = process.listenerCount('exit')
  first.countRequest(request, 1)
  const others = Array.from({ length: 50 }, () => createMetrics({ count: () => 0 }))
  for (const other of others) {
    assert.ok(!(await other.render()).includes('kappa_http_requests_total{'), 'another app was asked')
    other.close()
  }
  assert.match(await first.render(), /kappa_http_requests_total\{.*\} 1$/m)
  first.close()
  assert.doesNotMatch(await first.render(), /kappa_(http|event|inference|rate)/)
  assert.equal(process.listenerCount('exit'), before)
  assert.equal(register.getMetricsAsArray().length, 0, 'the registry that everybody shares is not used')
})

expectNoLeaks({ after })
