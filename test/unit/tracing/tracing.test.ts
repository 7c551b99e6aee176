import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { readTraceparent } from '../../../src/base/tracing.ts'
import { createOtlpRecorder, type OtlpOptions } from '../../../src/tracing/otlp.ts'
import { createTracing } from '../../../src/tracing/tracing.ts'
import { startOtlpReceiver } from '../../helpers/otlp-receiver.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const TOLD = `00-${TRACE}-${SPAN}-01`
const UNSAMPLED = `00-${TRACE}-${SPAN}-00`

interface Scope {
  after(hook: () => Promise<void>): void
}

async function record(scope: Scope, options: Partial<OtlpOptions> = {}) {
  const receiver = await startOtlpReceiver(scope)
  const recorder = createOtlpRecorder({
    url: `${receiver.url}/v1/traces`,
    protocol: 'http/json',
    sampler: 'parentbased_always_on',
    samplerRatio: 1,
    trustsCallers: false,
    process: 'test',
    ...options
  })
  scope.after(recorder.close)
  return { receiver, recorder, tracing: createTracing(recorder) }
}

describe('a process without a collector', () => {
  test('records nothing and carries on what it is told', async () => {
    const tracing = createTracing(null)
    assert.equal(tracing.isOn, false)
    assert.equal(tracing.current(), null)
    const span = tracing.open('a request', { kind: 'server', parent: TOLD })
    assert.deepEqual([span.isRecorded, span.traceparent], [false, TOLD])
    await tracing.within(span, async () => {
      await Promise.resolve()
      assert.equal(tracing.current(), TOLD)
      assert.equal(await tracing.step('a part', {}, async () => tracing.current()), TOLD)
      assert.equal(await tracing.span('a job', { parent: null }, async () => tracing.current()), null)
      assert.equal(
        tracing.within(null, () => tracing.current()),
        null
      )
    })
    assert.equal(tracing.current(), null)
    assert.equal(
      tracing.within('no context', () => tracing.current()),
      null
    )
  })
})

describe('a process with a collector', () => {
  test('sends what it records, with parents, links, kinds and failures', async (t) => {
    const { receiver, recorder, tracing } = await record(t)
    await tracing.span(
      'a job',
      { kind: 'consumer', parent: TOLD, attributes: { 'kappa.run_id': 'run_1' } },
      async () => {
        await tracing.step('a part', {}, async () => {})
        await assert.rejects(
          tracing.step('one that fails', {}, () =>
            Promise.reject(new AppError('storage_full', { message: 'No room.' }))
          )
        )
        await assert.rejects(tracing.step('a bug', {}, () => Promise.reject(new TypeError('a secret is undefined'))))
        tracing.fail('loss_not_finite', 'The loss is no number.')
      }
    )
    await tracing.span('another', { parent: null, link: TOLD }, async () => {})
    await recorder.flush()
    const of = (name: string) => receiver.spans.find((one) => one.name === name)!
    const job = of('a job')
    assert.deepEqual([job.traceId, job.parentSpanId, job.kind], [TRACE, SPAN, 5])
    assert.deepEqual(job.attributes, { 'kappa.run_id': 'run_1', 'error.type': 'loss_not_finite' })
    assert.deepEqual(job.status, { code: 2, message: 'The loss is no number.' })
    assert.equal(of('a part').parentSpanId, job.spanId)
    assert.deepEqual(of('one that fails').status, { code: 2, message: 'No room.' })
    assert.deepEqual(of('a bug').attributes, { 'error.type': 'TypeError' }, 'words that we do not know are not told')
    assert.notEqual(of('another').traceId, TRACE)
    assert.deepEqual(
      of('another').links.map(({ spanId }) => spanId),
      [SPAN]
    )
    assert.equal(job.service, 'kappa-test')
    assert.doesNotMatch(receiver.bodies.join(), /secret/)
  })

  test('tells no parts of what is done quietly, nor of what no span has begun', async (t) => {
    const { receiver, recorder, tracing } = await record(t)
    await tracing.step('outside', {}, async () => assert.equal(tracing.current(), null))
    await tracing.within(TOLD, () => tracing.step('in a trace that is told elsewhere', {}, async () => {}))
    await tracing.span('a leg', {}, async (leg) => {
      await tracing.quietly(() =>
        tracing.step('a heartbeat', {}, async () => assert.equal(tracing.current(), leg.traceparent))
      )
    })
    await recorder.flush()
    assert.deepEqual(
      receiver.spans.map(({ name }) => name),
      ['a leg']
    )
  })

  test('leaves out what its caller has left out of the sample, and what the sampler does', async (t) => {
    const { receiver, recorder, tracing } = await record(t)
    const told = await tracing.span('a job', { parent: UNSAMPLED }, async () => tracing.current())
    assert.equal(readTraceparent(told)?.traceId, TRACE)
    assert.equal(readTraceparent(told)?.flags, 0, 'whoever goes on leaves it out as well')
    await recorder.flush()
    assert.equal(receiver.spans.length, 0)

    const cases = [
      ['always_off', TOLD, 0],
      ['always_on', UNSAMPLED, 1],
      ['parentbased_always_off', null, 0],
      ['parentbased_always_off', TOLD, 1],
      ['traceidratio', TOLD, 0],
      ['parentbased_traceidratio', null, 0]
    ] as const
    for (const [sampler, parent, count] of cases) {
      const one = await record(t, { sampler, samplerRatio: 0 })
      await one.tracing.span('a job', { parent }, async () => {})
      await one.recorder.flush()
      assert.equal(one.receiver.spans.length, count, `${sampler} ${parent}`)
    }
  })

  test('speaks protobuf unless it is told otherwise', async (t) => {
    const { receiver, recorder, tracing } = await record(t, { protocol: 'http/protobuf' })
    await tracing.span('a job of a worker', { parent: TOLD, attributes: { 'kappa.run_id': 'run_1' } }, async () => {})
    await recorder.flush()
    assert.equal(receiver.headers[0]?.['content-type'], 'application/x-protobuf')
    for (const part of ['a job of a worker', 'kappa.run_id', 'run_1', 'kappa-test'])
      assert.ok(receiver.bodies[0]?.includes(part), part)
    assert.throws(() => JSON.parse(receiver.bodies[0] ?? ''))
  })

  test('reads names, attributes and headers from the environment, as everybody does', async (t) => {
    const variables = {
      OTEL_SERVICE_NAME: 'vision',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip'
    }
    Object.assign(process.env, variables)
    t.after(() => {
      for (const name of Object.keys(variables)) delete process.env[name]
    })
    const { receiver, recorder, tracing } = await record(t)
    await tracing.span('a job', {}, async () => {})
    await recorder.flush()
    assert.equal(receiver.spans[0]?.service, 'vision')
    assert.match(receiver.bodies.join(), /staging/)
    assert.equal(receiver.headers[0]?.['x-tenant'], 'a b')
  })
})
