/** What a worker and its launcher are told by the environment, and what a worker tells of itself. */
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { readConfig } from '../../../src/composition/config.ts'
import { restGauge } from '../../../src/composition/gauges.ts'
import { checkTakesWork } from '../../../src/composition/worker.ts'
import { createWorkerListener } from '../../../src/http/worker-listener.ts'
import { createFitness } from '../../../src/tasks/fitness.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'

test('a worker that rests is alive and not ready, says why, and is ready again afterwards', async (t) => {
  const clock = fakeClock()
  const ending = new AbortController()
  const nothing = async () => {}
  const fitness = createFitness({
    clock,
    logger: silentLogger,
    signal: ending.signal,
    onRest: nothing,
    onWake: nothing
  })
  let isDraining = false
  const listener = createWorkerListener({
    host: '127.0.0.1',
    port: 0,
    checks: { worker: async () => checkTakesWork({ isDraining, isWorking: true, rest: fitness.restsBecause() }) },
    gauges: [restGauge(fitness.restsBecause)],
    logger: silentLogger
  })
  const url = await listener.listen()
  t.after(listener.close)
  const ask = (path: string) => fetch(`${url}${path}`)
  const resting = async () => parseMetrics(await (await ask('/metrics')).text()).get('kappa_worker_resting')

  assert.deepEqual([(await ask('/readyz')).status, await resting()], [200, 0])
  for (const subject of ['run_a', 'run_b', 'run_c']) fitness.onOutcome(subject, 'failed-here')
  const answer = await ask('/readyz')
  const { code, detail } = (await answer.json()) as { code: string; detail: string }
  assert.deepEqual([answer.status, code], [503, 'worker_resting'])
  assert.match(detail, /^The worker rests: 3 pieces of work .*: run_a, run_b, run_c\.$/)
  assert.deepEqual([(await ask('/livez')).status, await resting()], [200, 1])
  await clock.advance(60_000)
  assert.deepEqual([(await ask('/readyz')).status, await resting()], [200, 0])
  isDraining = true
  assert.equal(((await (await ask('/readyz')).json()) as { code: string }).code, 'worker_not_working')
})

describe('the configuration of work', () => {
  it('makes a worker one for a single leg, by a run’s id and perhaps an epoch', () => {
    const leg = (env: Record<string, string>) => readConfig(env).worker.leg
    assert.equal(leg({}), null)
    assert.deepEqual(leg({ KAPPA_WORKER_RUN: 'run_1' }), { runId: 'run_1', epoch: null })
    assert.deepEqual(leg({ KAPPA_WORKER_RUN: 'run_1', KAPPA_WORKER_EPOCH: '3' }), { runId: 'run_1', epoch: 3 })
    assert.throws(() => leg({ KAPPA_WORKER_EPOCH: '3' }), /KAPPA_WORKER_EPOCH is set but KAPPA_WORKER_RUN is not/)
    assert.throws(
      () => leg({ KAPPA_WORKER_RUN: 'run_1', KAPPA_WORKER_EPOCH: '0' }),
      /KAPPA_WORKER_EPOCH must be a whole/
    )
    assert.throws(() => leg({ KAPPA_WORKER_RUN: 'mdl_1' }), /KAPPA_WORKER_RUN must be the id of a run/)
  })

  it('takes a launcher with what it needs', () => {
    const launching = (env: Record<string, string>) => readConfig(env).launching
    const { kubernetes } = launching({
      KAPPA_LAUNCHER: 'kubernetes',
      KAPPA_KUBERNETES_TEMPLATE: '/etc/job.yaml',
      KAPPA_KUBERNETES_PRIORITIES: 'low=-100, high=50'
    })
    const priorities = [
      { name: 'low', from: -100 },
      { name: 'high', from: 50 }
    ]
    assert.deepEqual(kubernetes, { template: '/etc/job.yaml', gpuResource: 'nvidia.com/gpu', priorities })
    assert.throws(() => launching({ KAPPA_LAUNCHER: 'kubernetes' }), /needs KAPPA_KUBERNETES_TEMPLATE/)
    assert.throws(() => launching({ KAPPA_LAUNCHER: 'slurm' }), /KAPPA_LAUNCHER must be one of local, kubernetes/)
    for (const wrong of ['high', 'high=', 'High=1', '=5', 'high=1.5'])
      assert.throws(
        () => launching({ KAPPA_KUBERNETES_PRIORITIES: wrong }),
        /KAPPA_KUBERNETES_PRIORITIES must be pairs/,
        wrong
      )
    for (const wrong of ['Kappa', '-k', 'k-', 'kappa_1', 'k'.repeat(11)])
      assert.throws(() => launching({ KAPPA_LAUNCH_NAME: wrong }), /KAPPA_LAUNCH_NAME must be/, wrong)
  })

  it('takes Ray by its address, and Batch by a queue and a definition', () => {
    const ray = { KAPPA_LAUNCHER: 'ray', KAPPA_RAY_URL: 'http://ray:8265', KAPPA_RAY_PASS: 'DATABASE_URL, S3_BUCKET' }
    assert.deepEqual(readConfig(ray).launching.ray.passed, ['DATABASE_URL', 'S3_BUCKET'])
    assert.throws(() => readConfig({ KAPPA_LAUNCHER: 'ray' }), /needs KAPPA_RAY_URL/)
    assert.throws(() => readConfig({ ...ray, KAPPA_RAY_PASS: 'a=b' }), /KAPPA_RAY_PASS must be names of variables/)
    const batch = { KAPPA_LAUNCHER: 'aws-batch', KAPPA_BATCH_GPU: 'kappa-gpu kappa-worker:3' }
    const { cpu, gpu } = readConfig(batch).launching.batch
    assert.deepEqual([cpu, gpu], [null, { queue: 'kappa-gpu', definition: 'kappa-worker:3' }])
    assert.throws(() => readConfig({ KAPPA_LAUNCHER: 'aws-batch' }), /needs KAPPA_BATCH_CPU, KAPPA_BATCH_GPU or both/)
    assert.throws(
      () => readConfig({ KAPPA_BATCH_CPU: 'kappa' }),
      /KAPPA_BATCH_CPU must be a queue and a job definition/
    )
  })

  it('records traces where a collector is named, as OpenTelemetry has it', () => {
    const url = (env: Record<string, string>) => readConfig(env).tracing.url
    const collector = 'http://collector:4318'
    assert.equal(url({}), null)
    assert.equal(url({ OTEL_EXPORTER_OTLP_ENDPOINT: collector }), `${collector}/v1/traces`)
    assert.equal(url({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector}/base/` }), `${collector}/base/v1/traces`)
    const ofTraces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in' }
    assert.equal(url({ OTEL_EXPORTER_OTLP_ENDPOINT: collector, ...ofTraces }), 'https://traces.example/in')
    assert.equal(url({ ...ofTraces, OTEL_SDK_DISABLED: 'true' }), null)
    const { protocol, sampler, samplerRatio } = readConfig({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25'
    }).tracing
    assert.deepEqual([protocol, sampler, samplerRatio], ['http/json', 'parentbased_traceidratio', 0.25])
    const wrong = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER: 'all', OTEL_TRACES_SAMPLER_ARG: '2' }
    for (const [name, value] of Object.entries(wrong))
      assert.throws(() => readConfig({ [name]: value }), new RegExp(` ${name} must be`, 'm'))
  })
})
