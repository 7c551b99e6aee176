import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
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
