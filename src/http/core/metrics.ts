/** What Prometheus scrapes: requests by route, inference by kind and stage, and the event loop that must stay free. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import type { Timings } from '../../domain/ports.ts'

export type InferenceKind = 'embed' | 'assign'

export interface HttpMetrics {
  countRequest(labels: { method: string; route: string; status: number }, seconds: number): void
  countInference(kind: InferenceKind, images: number, timings: Timings): void
  /** The text exposition format, version 0.0.4. */
  render(): string
  close(): void
}

type Labels = Readonly<Record<string, string | number>>

const REQUEST_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STAGES = { decode: 'decodeMs', queue: 'queueMs', infer: 'inferMs', encode: 'encodeMs' } as const

const escapeLabel = (value: string | number): string =>
  String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const formatLabels = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

function createCounter(name: string, help: string) {
  const values = new Map<string, number>()
  return {
    add(labels: Labels, amount = 1): void {
      const key = formatLabels(labels)
      values.set(key, (values.get(key) ?? 0) + amount)
    },
    render: (): string[] => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...[...values].map(([labels, value]) => `${name}${labels} ${value}`)
    ]
  }
}

function createHistogram(name: string, help: string, buckets: readonly number[]) {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>()
  return {
    observe(labels: Labels, value: number): void {
      const key = formatLabels(labels)
      const known = series.get(key) ?? { labels, counts: buckets.map(() => 0), sum: 0, count: 0 }
      series.set(key, known)
      known.sum += value
      known.count += 1
      for (const [index, edge] of buckets.entries())
        if (value <= edge) known.counts[index] = (known.counts[index] ?? 0) + 1
    },
    render: (): string[] => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...[...series.values()].flatMap(({ labels, counts, sum, count }) => [
        ...buckets.map((edge, index) => `${name}_bucket${formatLabels({ ...labels, le: edge })} ${counts[index]}`),
        `${name}_bucket${formatLabels({ ...labels, le: '+Inf' })} ${count}`,
        `${name}_sum${formatLabels(labels)} ${sum}`,
        `${name}_count${formatLabels(labels)} ${count}`
      ])
    ]
  }
}

const gauge = (name: string, help: string, value: number): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} gauge`,
  `${name} ${value}`
]

export function createMetrics(): HttpMetrics {
  const seconds = createHistogram('kappa_http_request_duration_seconds', 'Time to the last byte.', REQUEST_BUCKETS_S)
  const requests = createCounter('kappa_http_requests_total', 'Requests answered.')
  const images = createCounter('kappa_inference_images_total', 'Images embedded or assigned.')
  const calls = createCounter('kappa_inference_requests_total', 'Requests that were served by a model.')
  const stages = createCounter('kappa_inference_stage_seconds_total', 'Time of those requests, by stage.')
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  return {
    countRequest(labels, duration) {
      requests.add(labels)
      seconds.observe({ method: labels.method, route: labels.route }, duration)
    },
    countInference(kind, count, timings) {
      images.add({ kind }, count)
      calls.add({ kind })
      for (const [stage, field] of Object.entries(STAGES)) stages.add({ kind, stage }, timings[field] / 1000)
    },
    render() {
      const p99 = delay.percentile(99) / 1e9
      delay.reset()
      const lines = [
        ...[requests, seconds, calls, images, stages].flatMap((metric) => metric.render()),
        ...gauge('kappa_event_loop_delay_p99_seconds', 'Since the last scrape.', p99),
        ...gauge('kappa_process_resident_memory_bytes', 'Of the API process.', process.memoryUsage.rss())
      ]
      return `${lines.join('\n')}\n`
    },
    close: () => delay.disable()
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
