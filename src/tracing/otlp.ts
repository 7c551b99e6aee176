/**
 * Records spans with OpenTelemetry's SDK and sends them by OTLP over HTTP. Loaded only where a collector is named. Nothing is made
 * global: what the process does belongs to the trace that tracing.ts keeps, and no library is patched.
 */
import { randomUUID } from 'node:crypto'
import {
  type Link,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace
} from '@opentelemetry/api'
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http'
import {
  JsonTraceSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper
} from '@opentelemetry/otlp-transformer'
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector
} from '@opentelemetry/resources'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { isAppError, toError } from '../base/errors.ts'
import { type Span, type TraceContext, writeTraceparent } from '../base/tracing.ts'
import { VERSION } from '../base/version.ts'
import { samplerOf } from './sampler.ts'
import type { TraceSettings } from './settings.ts'
import { createSpanQueue, type SpanQueueOptions } from './span-queue.ts'
import type { Recorder } from './tracing.ts'

export interface OtlpOptions extends TraceSettings {
  readonly url: string
  /** Of the process: `api`, `worker`; OTEL_SERVICE_NAME replaces the whole name. */
  readonly process: string
  readonly queue?: Omit<SpanQueueOptions, 'exporter'>
}

export interface OtlpRecorder extends Recorder {
  /** Sends what has ended. */
  flush(): Promise<void>
  /** Sends what is left, within two seconds. */
  close(): Promise<void>
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER
} as const

const CONTENT_TYPES = { 'http/json': 'application/json', 'http/protobuf': 'application/x-protobuf' } as const

export function createOtlpRecorder(options: OtlpOptions): OtlpRecorder {
  const queue = createSpanQueue({ exporter: exporterOf(options), ...options.queue })
  const provider = new TracerProvider({
    resource: resourceOf(options),
    sampler: samplerOf(options),
    spanProcessors: [queue]
  })
  const tracer = provider.getTracer('kappa', VERSION)
  return {
    start(name, { kind = 'internal', attributes, parent, link }) {
      const within = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent))
      const links: Link[] = link === null ? [] : [{ context: contextOf({ ...link, isRemote: true }) }]
      return recorded(tracer.startSpan(name, { kind: KINDS[kind], attributes, links }, within))
    },
    flush: queue.forceFlush,
    close: queue.shutdown
  }
}

function exporterOf({ protocol, url }: OtlpOptions) {
  const headers = { 'Content-Type': CONTENT_TYPES[protocol] }
  const settings = convertLegacyHttpOptions({ url }, 'TRACES', 'v1/traces', headers)
  const serializer = protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer
  return createOtlpHttpExportDelegate(
    settings,
    serializer,
    'otlp_http_span_exporter',
    TraceExporterMetricsHelper,
    undefined
  )
}

const resourceOf = ({ process }: OtlpOptions) =>
  resourceFromAttributes({
    'service.name': `kappa-${process}`,
    'service.namespace': 'kappa',
    'service.version': VERSION,
    'service.instance.id': randomUUID()
  }).merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }))

const contextOf = ({
  traceId,
  spanId,
  flags,
  isRemote
}: TraceContext & { readonly isRemote: boolean }): SpanContext => ({
  traceId,
  spanId,
  traceFlags: flags,
  isRemote
})

function recorded(span: SdkSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  let hasEnded = false
  function fail(code: string, message?: string): void {
    span.setAttribute('error.type', code)
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) })
  }
  return {
    traceparent: writeTraceparent({ traceId, spanId, flags: traceFlags }),
    isRecorded: span.isRecording(),
    set(attributes) {
      if (!hasEnded) span.setAttributes(attributes)
    },
    fail,
    end(thrown) {
      if (hasEnded) return
      hasEnded = true
      // Of errors that we do not know only the name: their words may quote what was sent to us.
      if (isAppError(thrown)) fail(thrown.code, thrown.message)
      else if (thrown !== undefined) fail(toError(thrown).name)
      span.end()
    }
  }
}
