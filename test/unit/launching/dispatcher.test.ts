import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { createDispatcher, type DispatcherOptions, pauseAfterS } from '../../../src/launching/dispatcher.ts'
import { legName } from '../../../src/launching/leg-name.ts'
import type { LegFate, LegOrders, WaitingLeg } from '../../../src/services/runs/leg-orders.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { memoryLauncher } from '../../helpers/memory-launcher.ts'

const leg = (runId: string, patch: Partial<WaitingLeg> = {}): WaitingLeg => ({
  runId,
  projectId: 'prj_1',
  epoch: 1,
  compute: { device: 'any', devices: 1, maxRuntimeS: 3600, priority: 0 },
  hostBytes: { cpu: 100, gpu: 200 },
  deviceBytes: 300,
  ...patch
})

function setUp(patch: Partial<DispatcherOptions> = {}) {
  const clock = fakeClock()
  const launcher = memoryLauncher()
  const due: WaitingLeg[] = []
  const fates = new Map<string, LegFate>()
  const told: { readonly about: string; readonly message: string }[] = []
  const orders: LegOrders = {
    listDue: async () => [...due],
    fateOf: async ({ runId }) => fates.get(runId) ?? 'waiting',
    async tell(_, about, message) {
      if (!told.some((one) => one.about === about)) told.push({ about, message })
    }
  }
  const options = {
    launcher,
    orders,
    clock,
    installation: 'test',
    max: 10,
    anyDevice: 'cpu',
    devices: 8,
    logger: silentLogger
  } as const
  const again = () =>
    createDispatcher({ ...options, legs: { recover: async () => [] }, name: 'launcher/1/a', ...patch })
  return { clock, launcher, due, fates, told, again, dispatcher: again() }
}

const nameOf = (runId: string, attempt = 1, epoch = 1) => legName('test', { runId, epoch, attempt })

test('each leg that waits is launched once, with what it needs of what it may have', async () => {
  const { dispatcher, launcher, due } = setUp()
  due.push(leg('run_a'), leg('run_b', { compute: { device: 'gpu', devices: 2, maxRuntimeS: 60, priority: 5 } }))
  await dispatcher.round()
  await dispatcher.round()
  const [a, b] = launcher.orders
  assert.equal(launcher.orders.length, 2)
  assert.deepEqual([a?.device, a?.memoryBytes, a?.deviceMemoryBytes], ['cpu', 100, null])
  assert.deepEqual([b?.device, b?.devices, b?.memoryBytes, b?.deviceMemoryBytes], ['gpu', 2, 200, 300])
})

test('no more than the maximum wait or run at once, and the first turns come first', async () => {
  const { dispatcher, launcher, due } = setUp({ max: 2 })
  due.push(leg('run_a'), leg('run_b'), leg('run_c'))
  await dispatcher.round()
  assert.deepEqual(
    launcher.orders.map(({ runId }) => runId),
    ['run_a', 'run_b']
  )
  launcher.see(nameOf('run_a'), { state: 'ended', reason: null })
  due.shift()
  await dispatcher.round()
  assert.deepEqual(
    launcher.orders.map(({ runId }) => runId),
    ['run_a', 'run_b', 'run_c']
  )
})

test('two dispatchers, or one that is started again, launch nothing twice', async () => {
  const { dispatcher, launcher, due, again } = setUp()
  due.push(leg('run_a'), leg('run_b'))
  await Promise.all([dispatcher.round(), again().round()])
  await again().round()
  assert.equal(launcher.orders.length, 2)
})

test('what ended without a claim is told, and launched again after a pause that grows', async () => {
  const { clock, dispatcher, launcher, due, told } = setUp()
  due.push(leg('run_a'))
  await dispatcher.round()
  for (const attempt of [1, 2, 3]) {
    launcher.see(nameOf('run_a', attempt), { state: 'ended', reason: 'OOMKilled with exit code 137' })
    await dispatcher.round()
    await clock.advance(pauseAfterS(attempt) * 1000 - 1)
    await dispatcher.round()
    assert.equal(launcher.orders.length, attempt)
    await clock.advance(1)
    await dispatcher.round()
    assert.equal(launcher.orders.at(-1)?.attempt, attempt + 1)
  }
  assert.equal(told.length, 3)
  assert.match(
    told[0]?.message ?? '',
    /ended without training \(OOMKilled with exit code 137\); another follows 10 s later\.$/
  )
  assert.deepEqual([1, 2, 5, 6, 50].map(pauseAfterS), [10, 40, 2560, 3600, 3600])
})

test('the next leg of a run is launched anew, whatever became of the one before', async () => {
  const { dispatcher, launcher, due } = setUp()
  launcher.see(nameOf('run_a', 3), { state: 'ended', reason: null })
  due.push(leg('run_a', { epoch: 2 }))
  await dispatcher.round()
  assert.deepEqual(
    launcher.orders.map(({ epoch, attempt }) => [epoch, attempt]),
    [[2, 1]]
  )
})

test('what is not wanted any more is stopped; what trains, or is about to end, is let be', async () => {
  const { dispatcher, launcher, fates } = setUp()
  const cases: readonly (readonly [string, LegFate, 'waiting' | 'running', boolean])[] = [
    ['run_cancelledbefore', 'over', 'waiting', true],
    ['run_cancelledmeanwhile', 'over', 'running', true],
    ['run_trains', 'claimed', 'running', false],
    ['run_trainselsewhere', 'claimed', 'waiting', true],
    ['run_uploadsitslast', 'ended', 'running', false],
    ['run_toolate', 'ended', 'waiting', true],
    ['run_waits', 'waiting', 'waiting', false]
  ]
  for (const [runId, fate, state] of cases) {
    fates.set(runId, fate)
    launcher.see(nameOf(runId), { state, reason: null })
  }
  launcher.see('other-run-x-e1-t1', { state: 'running', reason: null })
  await dispatcher.round()
  const expected = cases.filter(([, , , isStopped]) => isStopped).map(([runId]) => nameOf(runId))
  assert.deepEqual(launcher.stopped, expected)
})

test('a worker that runs for ten minutes without a claim is stopped, told and launched again', async () => {
  const { clock, dispatcher, launcher, due, told } = setUp()
  due.push(leg('run_a'))
  await dispatcher.round()
  launcher.see(nameOf('run_a'), { state: 'running', reason: null })
  await dispatcher.round()
  await clock.advance(599_000)
  await dispatcher.round()
  assert.deepEqual(launcher.stopped, [])
  await clock.advance(1_000)
  await dispatcher.round()
  assert.deepEqual(launcher.stopped, [nameOf('run_a')])
  assert.match(told[0]?.message ?? '', /has not begun to train within ten minutes and is stopped\.$/)
  await dispatcher.round()
  assert.equal(launcher.orders.length, 2)
})

test('what an engine lacks is told when it lasts', async () => {
  const { clock, dispatcher, launcher, due, told } = setUp()
  due.push(leg('run_a'))
  await dispatcher.round()
  launcher.see(nameOf('run_a'), { state: 'waiting', reason: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.' })
  await dispatcher.round()
  assert.equal(told.length, 0)
  await clock.advance(120_000)
  await dispatcher.round()
  assert.match(told[0]?.message ?? '', /waits \(0\/3 nodes are available: 3 Insufficient nvidia.com\/gpu\)\.$/)
  assert.equal(launcher.orders.length, 1)
})

test('an order that is refused is told with the reason, and tried again after a pause', async () => {
  const { clock, dispatcher, launcher, due, told } = setUp()
  launcher.refusal = 'Kubernetes answers 403: no quota.'
  due.push(leg('run_a'), leg('run_b', { compute: { device: 'gpu', devices: 9, maxRuntimeS: 60, priority: 0 } }))
  await dispatcher.round()
  assert.match(told[0]?.message ?? '', /No worker can be launched for this leg: Kubernetes answers 403: no quota\./)
  assert.match(told[1]?.message ?? '', /asks for 9 devices.*one has 8 at most/)
  launcher.refusal = null
  await dispatcher.round()
  assert.equal(launcher.orders.length, 0)
  await clock.advance(10_000)
  await dispatcher.round()
  assert.deepEqual(
    launcher.orders.map(({ runId }) => runId),
    ['run_a']
  )
})

test('an engine that is away is asked again, and a leg that comes is looked at at once', async () => {
  const { clock, dispatcher, launcher, due } = setUp()
  const stopping = new AbortController()
  launcher.isAway = true
  due.push(leg('run_a'))
  const running = dispatcher.run(stopping.signal)
  await clock.advance(0)
  launcher.isAway = false
  await clock.advance(9_999)
  assert.equal(launcher.orders.length, 0)
  await clock.advance(1)
  assert.equal(launcher.orders.length, 1)
  due.push(leg('run_b'))
  dispatcher.wake()
  await clock.advance(0)
  assert.equal(launcher.orders.length, 2)
  stopping.abort()
  await running
})
