/** OTEL_TRACES_SAMPLER and its argument, which the SDK leaves to whoever composes it. */
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler
} from '@opentelemetry/sdk-trace'
import type { TraceSettings } from './settings.ts'

type Asked = Pick<TraceSettings, 'sampler' | 'samplerRatio'>

export function samplerOf(asked: Asked): Sampler {
  const root = rootOf(asked)
  return asked.sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}

function rootOf({ sampler, samplerRatio }: Asked): Sampler {
  if (sampler.endsWith('traceidratio')) return new TraceIdRatioBasedSampler(samplerRatio)
  return sampler.endsWith('always_off') ? new AlwaysOffSampler() : new AlwaysOnSampler()
}
