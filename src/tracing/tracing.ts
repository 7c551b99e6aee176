/**
 * Where in which trace the process is, kept along its asynchronous calls. Without a recorder nothing is recorded, and still what a
 * caller told is carried on: the run that a request makes, and the jobs that it queues, name the caller's trace.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  readTraceparent,
  type Span,
  type SpanOptions,
  type TraceContext,
  type Tracing,
  writeTraceparent
} from '../base/tracing.ts'

/** What a span begins with. */
export interface SpanStart extends Pick<SpanOptions, 'kind'> {
  readonly attributes: Attributes
  readonly parent: (TraceContext & { readonly isRemote: boolean }) | null
  readonly link: TraceContext | null
}

export interface Recorder {
  start(name: string, start: SpanStart): Span
}

/** A place in a trace: of a span of this process, or of one elsewhere that has no more than its name. */
interface Place {
  readonly traceparent: string
  /** Null where it is not recorded, or not here. */
  readonly span: Span | null
}

const placeOf = (what: Span | string): Place | null => {
  if (typeof what !== 'string') {
    const { traceparent, isRecorded } = what
    return traceparent === null ? null : { traceparent, span: isRecorded ? what : null }
  }
  const context = readTraceparent(what)
  return context && { traceparent: writeTraceparent(context), span: null }
}

/** Stands for a span that nobody records. */
const carried = (traceparent: string | null): Span => ({
  traceparent,
  isRecorded: false,
  set: () => {},
  fail: () => {},
  end: () => {}
})

export function createTracing(recorder: Recorder | null): Tracing {
  const here = new AsyncLocalStorage<Place | null>()
  const placeHere = (): Place | null => here.getStore() ?? null

  function parentOf({ parent }: SpanOptions): Place | null {
    if (parent === undefined) return placeHere()
    return parent === null ? null : placeOf(parent)
  }

  function open(name: string, options: SpanOptions = {}): Span {
    const place = parentOf(options)
    if (recorder === null) return carried(place?.traceparent ?? null)
    const context = place && readTraceparent(place.traceparent)
    return recorder.start(name, {
      kind: options.kind ?? 'internal',
      attributes: options.attributes ?? {},
      parent: place && context && { ...context, isRemote: place.span === null },
      link: readTraceparent(options.link)
    })
  }

  function within<T>(what: Span | string | null, work: () => T): T {
    const place = what === null ? null : placeOf(what)
    // Nothing to leave, nothing to enter: the usual case of a process without traces.
    return place === null && placeHere() === null ? work() : here.run(place, work)
  }

  async function span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const opened = open(name, options)
    try {
      const result = await within(opened, () => work(opened))
      opened.end()
      return result
    } catch (error) {
      opened.end(error)
      throw error
    }
  }

  return {
    isOn: recorder !== null,
    current: () => placeHere()?.traceparent ?? null,
    open,
    within,
    span,
    step: (name, attributes, work) =>
      placeHere()?.span ? span(name, { attributes }, work) : work(carried(placeHere()?.traceparent ?? null)),
    quietly: (work) => within(placeHere()?.traceparent ?? null, work),
    fail: (code, message) => placeHere()?.span?.fail(code, message)
  }
}
