/** What Prometheus scrapes: requests by route, inference by kind and stage, event streams, and the process itself. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { Counter, Histogram, Registry } from 'prom-client'
import type { Timings } from '../../domain/ports.ts'
import type { RefusedBy } from './auth.ts'
import { addGauge, type GaugeSource } from './gauges.ts'
import { processRegistry } from './process-metrics.ts'

export type InferenceKind = 'embed' | 'assign' | 'attention' | 'heat'

export interface HttpMetrics {
  countRequest(labels: { method: string; route: string; status: number }, seconds: number): void
  countInference(kind: InferenceKind, images: number, timings: Timings): void
  countRefused(by: RefusedBy): void
  /** The text exposition format, METRICS_TYPE. */
  render(): Promise<string>
  close(): void
}

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

const REQUEST_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STAGES = { decode: 'decodeMs', queue: 'queueMs', infer: 'inferMs', encode: 'encodeMs' } as const

function createCounters(registers: Registry[]) {
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  return {
    requests: counter('kappa_http_requests_total', 'Requests answered.', ['method', 'route', 'status']),
    refused: counter('kappa_rate_limited_total', 'Requests refused because there were too many.', ['by']),
    calls: counter('kappa_inference_requests_total', 'Requests that were served by a model.', ['kind']),
    images: counter('kappa_inference_images_total', 'Images embedded or assigned.', ['kind']),
    stages: counter('kappa_inference_stage_seconds_total', 'Time of those requests, by stage.', ['kind', 'stage'])
  }
}

/** @returns what stops the watching */
function addGauges(registry: Registry, streams: { count(): number }): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  const gauge = (name: string, help: string, read: () => number) =>
    addGauge(registry, { name, help, read: () => [{ value: read() }] })
  gauge('kappa_event_streams', 'Event streams that are open.', () => streams.count())
  gauge('kappa_process_resident_memory_bytes', 'Of the API process.', () => process.memoryUsage.rss())
  gauge('kappa_event_loop_delay_p99_seconds', 'Since the last scrape.', () => {
    const p99 = delay.percentile(99) / 1e9
    delay.reset()
    return p99
  })
  return () => delay.disable()
}

/** @param gauges of what the API is composed of */
export function createMetrics(streams: { count(): number }, gauges: readonly GaugeSource[] = []): HttpMetrics {
  const registry = new Registry()
  const registers = [registry]
  const ofThisProcess = processRegistry()
  const { requests, refused, calls, images, stages } = createCounters(registers)
  const seconds = new Histogram({
    name: 'kappa_http_request_duration_seconds',
    help: 'Time to the last byte.',
    labelNames: ['method', 'route'],
    buckets: REQUEST_BUCKETS_S,
    registers
  })
  const stopWatching = addGauges(registry, streams)
  for (const source of gauges) addGauge(registry, source)
  return {
    countRequest(labels, duration) {
      requests.inc(labels)
      seconds.observe({ method: labels.method, route: labels.route }, duration)
    },
    countInference(kind, count, timings) {
      images.inc({ kind }, count)
      calls.inc({ kind })
      for (const [stage, field] of Object.entries(STAGES)) stages.inc({ kind, stage }, timings[field] / 1000)
    },
    countRefused: (by) => refused.inc({ by }),
    render: async () => `${await registry.metrics()}\n${await ofThisProcess.metrics()}`,
    close() {
      stopWatching()
      registry.clear()
    }
  }
}

export function registerMetrics(app: FastifyInstance, metrics: HttpMetrics): void {
  app.addHook('onResponse', async (request, reply) => {
    // The pattern, not the path: ids would make a series each.
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }
    metrics.countRequest(labels, reply.elapsedTime / 1000)
  })
  app.addHook('onClose', async () => metrics.close())
}
