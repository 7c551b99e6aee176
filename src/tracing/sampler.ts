/** OTEL_TRACES_SAMPLER and its argument, which the SDK leaves to whoever composes it. */
import { randomBytes } from 'node:crypto'
import { type Context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler
} from '@opentelemetry/sdk-trace'
import type { TraceSettings } from './settings.ts'

type Asked = Pick<TraceSettings, 'sampler' | 'samplerRatio' | 'trustsCallers'>

const drawTraceId = (): string => randomBytes(16).toString('hex')

/** @param draw a trace id for what a caller has named */
export function samplerOf(asked: Asked, draw = drawTraceId): Sampler {
  const root = rootOf(asked)
  if (!asked.sampler.startsWith('parentbased_')) return root
  const followsParents = new ParentBasedSampler({ root })
  return asked.trustsCallers ? followsParents : ownDecision(root, followsParents, draw)
}

/**
 * Whether a request is recorded is not its caller's to say: the flag of a `traceparent` would let anybody fill the collector, or leave no trace,
 * and so would a trace id that was chosen for the share. What follows from the request, jobs on other machines included, follows the decision.
 */
function ownDecision(root: Sampler, followsParents: Sampler, draw: () => string): Sampler {
  const isOfCaller = (context: Context, kind: SpanKind) =>
    kind === SpanKind.SERVER && trace.getSpanContext(context)?.isRemote === true
  return {
    shouldSample: (context, traceId, name, kind, attributes, links) =>
      isOfCaller(context, kind)
        ? root.shouldSample(ROOT_CONTEXT, draw(), name, kind, attributes, links)
        : followsParents.shouldSample(context, traceId, name, kind, attributes, links),
    toString: () => `OwnDecision{${root.toString()}}`
  }
}

function rootOf({ sampler, samplerRatio }: Asked): Sampler {
  if (sampler.endsWith('traceidratio')) return new TraceIdRatioBasedSampler(samplerRatio)
  return sampler.endsWith('always_off') ? new AlwaysOffSampler() : new AlwaysOnSampler()
}
