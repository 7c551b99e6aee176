/**
 * Spans on their way to the collector: a bounded queue, one batch at a time. The SDK's own does much the same, but says nobody how many it has
 * dropped, and its end takes as long as the collector likes. Nobody who works waits for any of this:
 *
 *   ended ──room?──→ waiting ──5 s or 512──→ sent, one request at a time ──→ taken
 *             └ no: dropped, counted                                      └ refused, or no answer in time: dropped, counted
 */
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import { happened } from '../base/happenings.ts'

export interface SpanQueueOptions {
  readonly exporter: Pick<SpanExporter, 'export'>
  readonly mostWaiting?: number
  readonly mostAtOnce?: number
  readonly everyMs?: number
  /** Of one request, whatever its own deadline. */
  readonly withinMs?: number
  /** Of the end. */
  readonly lastWithinMs?: number
}

/** The defaults of the specification's batch processor. */
const MOST_WAITING = 2048
const MOST_AT_ONCE = 512
const EVERY_MS = 5_000
const WITHIN_MS = 30_000

/** A process that ends does not wait longer for what it has left. */
const LAST_WITHIN_MS = 2_000
const SAMPLED = 1

export function createSpanQueue(options: SpanQueueOptions): SpanProcessor {
  const { exporter, mostWaiting = MOST_WAITING, mostAtOnce = MOST_AT_ONCE, everyMs = EVERY_MS } = options
  const { withinMs = WITHIN_MS, lastWithinMs = LAST_WITHIN_MS } = options
  const abandoned = Promise.withResolvers<false>()
  let waiting: ReadableSpan[] = []
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | null = null
  let isClosed = false

  const drop = (spans: number, why: 'queue_full' | 'not_taken' | 'process_ended') =>
    spans > 0 && happened('spansDropped', { spans, why })

  async function send(ms: number): Promise<void> {
    const batch = waiting.slice(0, mostAtOnce)
    waiting = waiting.slice(mostAtOnce)
    const isTaken = await within(Promise.race([exported(exporter, batch), abandoned.promise]), ms, false)
    if (!isTaken) drop(batch.length, 'not_taken')
  }

  /** Until less than a batch waits, or all of it. */
  async function sendAll(least: number, ms: () => number): Promise<void> {
    while (waiting.length >= least && ms() > 0) await send(ms())
  }

  function start(least: number): void {
    clearTimeout(timer)
    timer = undefined
    sending ??= sendAll(least, () => withinMs).finally(() => {
      sending = null
      if (waiting.length > 0 && !isClosed) plan()
    })
  }

  function plan(): void {
    if (waiting.length >= mostAtOnce) start(mostAtOnce)
    else timer ??= setTimeout(() => start(1), everyMs).unref()
  }

  const flush = async (ms: number): Promise<void> => {
    const until = performance.now() + ms
    const left = () => until - performance.now()
    const ofBefore = sending ?? Promise.resolve()
    const done = ofBefore.then(() => sendAll(1, left))
    await within(done, ms, undefined)
  }

  return {
    onStart: () => {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & SAMPLED) === 0) return
      if (isClosed || waiting.length >= mostWaiting) {
        drop(1, isClosed ? 'process_ended' : 'queue_full')
        return
      }
      waiting.push(span)
      plan()
    },
    forceFlush: () => flush(withinMs),
    async shutdown() {
      if (isClosed) return
      isClosed = true
      clearTimeout(timer)
      await flush(lastWithinMs)
      const left = waiting.length
      waiting = []
      drop(left, 'process_ended')
      abandoned.resolve(false)
      await sending
    }
  }
}

async function within<T>(work: Promise<T>, ms: number, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Never rejects; false where the collector refused. */
const exported = (exporter: Pick<SpanExporter, 'export'>, batch: ReadableSpan[]): Promise<boolean> =>
  new Promise((resolve) => {
    try {
      exporter.export(batch, ({ code }) => resolve(code === 0))
    } catch {
      resolve(false) // counted by the caller as not taken
    }
  })
