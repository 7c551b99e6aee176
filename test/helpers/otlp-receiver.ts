/** A collector that takes OTLP over HTTP, reads it where it is JSON, and can be frozen or broken. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: number
  readonly service: string
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  /** 2: failed. */
  readonly status: { readonly code?: number; readonly message?: string }
  readonly startMs: number
  readonly endMs: number
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string
  readonly spans: ReceivedSpan[]
  /** Every request's body, as text. */
  readonly bodies: string[]
  readonly headers: NodeJS.Dict<string | string[]>[]
  /** `frozen` takes connections and requests and says nothing. */
  become(how: 'well' | 'frozen' | 'broken'): void
}

interface TestScope {
  after(hook: () => Promise<void>): void
}

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
type Pairs = readonly { readonly key: string; readonly value: Value }[]

const plainOf = ({ stringValue, intValue, doubleValue, boolValue }: Value) =>
  stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue ?? ''
const recordOf = (pairs: Pairs = []) => Object.fromEntries(pairs.map(({ key, value }) => [key, plainOf(value)]))

function spansOf(text: string): ReceivedSpan[] {
  // biome-ignore lint/suspicious/noExplicitAny: what the collector is sent, as OTLP has it
  const { resourceSpans } = JSON.parse(text) as { resourceSpans: any[] }
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    // biome-ignore lint/suspicious/noExplicitAny: likewise
    scopeSpans.flatMap(({ spans }: { spans: any[] }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || null,
        name: span.name,
        kind: span.kind,
        service: String(recordOf(resource.attributes)['service.name']),
        attributes: recordOf(span.attributes),
        links: span.links ?? [],
        status: span.status,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n)
      }))
    )
  )
}

export async function startOtlpReceiver(scope: TestScope): Promise<OtlpReceiver> {
  let how: 'well' | 'frozen' | 'broken' = 'well'
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const headers: NodeJS.Dict<string | string[]>[] = []
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (how === 'frozen') return
    if (how === 'broken' || request.url !== '/v1/traces') return void response.writeHead(500).end()
    const bytes = Buffer.concat(chunks)
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
    headers.push(request.headers)
    bodies.push(text)
    if (request.headers['content-type'] === 'application/json') spans.push(...spansOf(text))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    headers,
    become: (next) => {
      how = next
    }
  }
}

/** Names from a span up to the first that nobody has recorded. */
export function pathOf(spans: readonly ReceivedSpan[], span: ReceivedSpan): string[] {
  const parent = spans.find(({ spanId, traceId }) => spanId === span.parentSpanId && traceId === span.traceId)
  return [...(parent ? pathOf(spans, parent) : []), span.name]
}
