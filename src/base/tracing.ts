/**
 * What belongs together across processes: a request, the jobs that it queued, and what is done for them. Whoever works sees only
 * this; what records it, and sends it to a collector, is src/tracing. Contexts are told as W3C Trace Context writes them:
 * `00-{trace id}-{span id}-{flags}`.
 */

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'consumer'
  readonly attributes?: Attributes
  /** What it belongs to; left out: what goes on here; null: nothing. */
  readonly parent?: string | null
  /** What else has led to it. */
  readonly link?: string | null
}

export interface Span {
  /** Null where nothing is recorded and nothing was told from outside. */
  readonly traceparent: string | null
  /** False where nobody asked for traces, and for those that are left out of a sample. */
  readonly isRecorded: boolean
  set(attributes: Attributes): void
  /** It has failed, though nothing was thrown. */
  fail(code: string, message?: string): void
  /** Only the first call counts. With an error, it has failed. */
  end(error?: unknown): void
}

export interface Tracing {
  /** Whether anything is recorded at all. */
  readonly isOn: boolean
  /** Of what goes on here; null outside of every trace. */
  current(): string | null
  /** Whoever opens one ends it. */
  open(name: string, options?: SpanOptions): Span
  /** What `work` starts belongs to this; null: to nothing. */
  within<T>(what: Span | string | null, work: () => T): T
  /** Ends with the work, and fails with it. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>
  /** The same for a part of a span that this process records; where there is none, only the work is done. */
  step<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T>
  /** Of the same trace, but not told part by part: what is done every second for hours. */
  quietly<T>(work: () => T): T
  /** The span that this process is in has failed, though nothing is thrown. */
  fail(code: string, message?: string): void
}

export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
}

/** Sampled, and random: all that version 00 knows. */
const KNOWN_FLAGS = 0x03

const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
/** Of a later version what this one knows is read, as the specification wants it; ff is none. */
const LATER_VERSION = /^(?!ff|00)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/
const NOTHING = /^0+$/

/** Null for what is no such context: by the specification it is then as if none was sent. */
export function readTraceparent(text: unknown): TraceContext | null {
  if (typeof text !== 'string') return null
  const [, traceId = '0', spanId = '0', flags = '00'] = VERSION_00.exec(text) ?? LATER_VERSION.exec(text) ?? []
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return null
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS }
}

export const writeTraceparent = ({ traceId, spanId, flags }: TraceContext): string =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`
