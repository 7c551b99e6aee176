/** Who decides which requests are recorded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { SamplingDecision } from '@opentelemetry/sdk-trace'
import { samplerOf } from '../../../src/tracing/sampler.ts'
import type { TraceSettings } from '../../../src/tracing/settings.ts'

/** Trace ids at the ends of what a share is counted by. */
const [FIRST, LAST] = ['0'.repeat(31).concat('1'), 'f'.repeat(8).concat('0'.repeat(24))]

interface Asking extends Partial<Pick<TraceSettings, 'sampler' | 'samplerRatio' | 'trustsCallers'>> {
  readonly kind?: SpanKind
  readonly flag: 0 | 1
  readonly traceId?: string
  readonly drawn?: string
  readonly isRemote?: boolean
}

function isRecorded({
  kind = SpanKind.SERVER,
  flag,
  traceId = FIRST,
  drawn = FIRST,
  isRemote = true,
  ...asked
}: Asking) {
  const settings = { sampler: 'parentbased_always_on', samplerRatio: 0.5, trustsCallers: false, ...asked } as const
  const parent = { traceId, spanId: 'b7ad6b7169203331', traceFlags: flag, isRemote }
  const context = trace.setSpanContext(ROOT_CONTEXT, parent)
  const { decision } = samplerOf(settings, () => drawn).shouldSample(context, traceId, 'GET /v1/runs', kind, {}, [])
  return decision === SamplingDecision.RECORD_AND_SAMPLED
}

test('the flag of a caller records no request that would be left out, and hides none', () => {
  for (const flag of [0, 1] as const) {
    assert.equal(isRecorded({ flag }), true)
    assert.equal(isRecorded({ flag, sampler: 'parentbased_always_off' }), false)
  }
})

test('a share of what callers send is drawn: they may choose their trace ids', () => {
  const share = { sampler: 'parentbased_traceidratio', flag: 1 } as const
  for (const traceId of [FIRST, LAST]) {
    assert.equal(isRecorded({ ...share, traceId, drawn: FIRST }), true)
    assert.equal(isRecorded({ ...share, traceId, drawn: LAST }), false)
  }
  const settings = { sampler: 'parentbased_traceidratio', samplerRatio: 0.5, trustsCallers: false } as const
  const parent = { traceId: FIRST, spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true }
  const context = trace.setSpanContext(ROOT_CONTEXT, parent)
  const sampler = samplerOf(settings)
  const decisions = Array.from({ length: 200 }, () =>
    sampler.shouldSample(context, FIRST, 'GET /v1/runs', SpanKind.SERVER, {}, [])
  )
  assert.equal(new Set(decisions.map(({ decision }) => decision)).size, 2, 'one trace id, and both decisions')
})

test('what follows from a request, here or by a job elsewhere, follows its decision', () => {
  for (const sampler of ['parentbased_always_off', 'parentbased_traceidratio', 'parentbased_always_on'] as const)
    for (const flag of [0, 1] as const) {
      assert.equal(isRecorded({ sampler, flag, drawn: LAST, kind: SpanKind.CONSUMER }), flag === 1)
      assert.equal(isRecorded({ sampler, flag, drawn: LAST, kind: SpanKind.INTERNAL, isRemote: false }), flag === 1)
    }
})

test('callers that are trusted decide', () => {
  for (const sampler of ['parentbased_always_off', 'parentbased_always_on'] as const)
    for (const flag of [0, 1] as const) assert.equal(isRecorded({ sampler, flag, trustsCallers: true }), flag === 1)
})
