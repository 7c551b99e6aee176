/** From leg to leg: workers that end, lose their lease or have not the devices, and what is gone on from. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { TrainRequest } from '../../../src/protocol/trainer-messages.ts'
import type { TrainRunDeps } from '../../../src/tasks/train-run.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { stateAfter } from '../../helpers/fake-trainer.ts'
import { by, finalHash as finalHashOf, legBench, skip, until } from './leg-bench.ts'
import { createWorkbench, machineWith, ONE_CPU } from './workbench.ts'

const bench = await legBench()
const finalHash = (run: Run) => finalHashOf(bench, run)

test('a leg that reaches its limit is followed by the next, which goes on', { skip }, async () => {
  const file = join(bench.root, `opened-${bench.trainers.length}`)
  const run = await bench.addRun({ totalSteps: 60, checkpointEverySteps: 1000, gate: { step: 30, file } })
  const clock = fakeClock()
  const first = bench.trainRun({ clock, legMaxS: 1000 })({ runId: run.id }, new AbortController().signal)
  // Steps take as long as they take: the leg's time runs when all before the gate were heard of.
  await until(async () => {
    await clock.advance(50)
    return (await bench.load(run)).progress.step === 30
  })
  let isOver = false
  void first.finally(() => {
    isOver = true
  })
  // Again and again: a heartbeat that waits for the database sleeps only after time has moved on.
  await until(async () => {
    await clock.advance(1_000_000)
    return isOver
  })
  const handedOn = await bench.load(run)
  assert.deepEqual([handedOn.status, handedOn.leg, handedOn.progress.step], ['queued', 2, 30])
  writeFileSync(file, '')
  bench.jobs.length = 0
  await bench.workAll(run)
  const { status, leg, leaseEpoch } = await bench.load(run)
  assert.deepEqual([status, leg, leaseEpoch], ['succeeded', 2, 2])
  assert.equal(await finalHash(run), stateAfter(7, 60))
})

test('a worker that is told to end hands its run back with a checkpoint', { skip }, async () => {
  const draining = new AbortController()
  const run = await bench.addRun({ totalSteps: 1500, stepMs: 2, checkpointEverySteps: 10_000 })
  const first = bench.trainRun({ draining: draining.signal })({ runId: run.id }, new AbortController().signal)
  await until(async () => (await bench.load(run)).status === 'running')
  draining.abort()
  await first
  const handedBack = await bench.load(run)
  assert.deepEqual([handedBack.status, handedBack.statusReason, handedBack.leaseWorker], ['queued', 'preempted', null])
  assert.equal((await bench.completeCheckpoints(run)).length, 1)
  assert.equal(bench.jobs.length, 1)
  await bench.workAll(run)
  assert.equal(await finalHash(run), stateAfter(7, 1500))
})

test('of two workers on one run exactly one trains', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 20 })
  const before = bench.trainers.length
  const signal = new AbortController().signal
  await Promise.all([1, 2, 3].map(() => bench.trainRun()({ runId: run.id }, signal)))
  assert.equal(bench.trainers.length - before, 1)
  const { status, leaseEpoch } = await bench.load(run)
  assert.deepEqual([status, leaseEpoch], ['succeeded', 1])
})

test('a worker that lost its lease kills its trainer and writes nothing more', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 100_000, stepMs: 2, checkpointEverySteps: 5 })
  const working = bench.trainRun()({ runId: run.id }, new AbortController().signal)
  await until(async () => (await bench.completeCheckpoints(run)).length > 0)
  // What the supervisor does to a worker it has not heard of: the epoch rises, the run is queued again.
  // The living worker renews its lease with every write: it takes a few attempts to be faster.
  await until(async () => {
    await bench.stores.runs.update(run.id, { leaseExpiresAt: new Date(0) })
    return (await bench.legs.recover(by(ONE_CPU))).includes(run.id)
  })
  const after = await bench.load(run)
  const events = (await bench.eventsOf(run)).length
  await working
  assert.deepEqual(await bench.load(run), after)
  assert.equal((await bench.eventsOf(run)).length, events)
  assert.deepEqual([after.status, after.statusReason], ['queued', 'worker_lost'])
})

test('an object store that is away while a checkpoint goes up loses nothing', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 10 })
  let failures = 3
  bench.objects.intercept = (operation) => {
    if (operation === 'putFile' && failures-- > 0) throw new AppError('storage_unavailable')
  }
  await bench.workAll(run)
  assert.ok(failures < 0)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.equal(await finalHash(run), stateAfter(7, 10))
  for (const { prefix, files } of await bench.completeCheckpoints(run)) {
    for (const { name } of files) assert.ok(bench.objects.content.has(`${prefix}/${name}`), `${prefix}/${name}`)
  }
})

test('a damaged checkpoint is passed over for the one before it', { skip }, async () => {
  const onceMarker = join(bench.root, 'damaged')
  const run = await bench.addRun({ totalSteps: 10, at: 7, how: 'kill', onceMarker })
  const signal = new AbortController().signal
  await bench.trainRun()({ runId: run.id }, signal)
  const [newest, previous] = await bench.completeCheckpoints(run)
  bench.objects.content.set(`${newest?.prefix}/state.json`, Buffer.from('{"step":6,"state":"forged"}'))
  await bench.trainRun()({ runId: run.id }, signal)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.equal(await finalHash(run), stateAfter(7, 10))
  const messages = (await bench.eventsOf(run, 'message')).map(({ data }) => String(data['message']))
  assert.ok(messages.some((message) => message.includes('cannot be read')))
  assert.ok(messages.some((message) => message === `Training goes on from step ${previous?.step}.`))
  assert.equal((await bench.stores.checkpoints.load(newest?.id ?? ''))?.status, 'deleted')
})

test('a checkpoint without its manifest was never complete', { skip }, async () => {
  const onceMarker = join(bench.root, 'no-manifest')
  const run = await bench.addRun({ totalSteps: 10, at: 5, how: 'kill', onceMarker })
  const signal = new AbortController().signal
  await bench.trainRun()({ runId: run.id }, signal)
  for (const { prefix } of await bench.completeCheckpoints(run)) bench.objects.content.delete(`${prefix}/manifest.json`)
  await bench.trainRun()({ runId: run.id }, signal)
  assert.equal(await finalHash(run), stateAfter(7, 10))
})

test('a run beyond its time fails with the deadline', { skip }, async () => {
  const compute = { device: 'any', devices: 1, maxRuntimeS: 1, priority: 0 } as const
  const startedAt = new Date(Date.now() - 5000)
  const run = await bench.addRun({}, { compute, startedAt })
  await bench.workAll(run)
  const { status, statusReason, error } = await bench.load(run)
  assert.deepEqual([status, statusReason, error?.code], ['failed', 'deadline', 'deadline'])
})

test('a dataset that is gone ends the run with its name', { skip }, async () => {
  const run = await bench.addRun({})
  await bench.stores.datasets.updateVersion(run.datasetId, 1, { status: 'failed' })
  await bench.workAll(run)
  const { status, error } = await bench.load(run)
  assert.deepEqual([status, error?.code], ['failed', 'dataset_version_not_found'])
})

test('a waiting run without a job gets one, a run of a dead worker is queued again', { skip }, async (t) => {
  const clock = fakeClock(Date.now())
  const own = await createWorkbench({ after: (hook) => t.after(hook) }, clock)
  const [waiting, dead] = [await own.addRun({}), await own.addRun({})]
  await own.legs.claim(dead.id, by(ONE_CPU, 'a worker that dies'))
  assert.deepEqual(await own.legs.recover(by(ONE_CPU)), [])
  assert.deepEqual(
    own.jobs.map(({ payload }) => payload),
    [{ runId: waiting.id }]
  )
  await clock.advance(31_000)
  assert.deepEqual(await own.legs.recover(by(ONE_CPU)), [dead.id])
  const { status, statusReason, leaseEpoch } = await own.load(dead)
  assert.deepEqual([status, statusReason, leaseEpoch], ['queued', 'worker_lost', 2])
})

test('a run is not taken by a worker without its devices, says so once, and is taken by one that has them', {
  skip
}, async () => {
  const compute = { device: 'gpu', devices: 2, maxRuntimeS: 3600, priority: 0 } as const
  const run = await bench.addRun({ totalSteps: 4 }, { compute })
  const signal = new AbortController().signal
  const without = bench.trainRun({ worker: 'small' })
  for (let times = 0; times < 3; times++) await without({ runId: run.id }, signal)
  const waiting = await bench.load(run)
  assert.deepEqual([waiting.status, waiting.statusReason], ['queued', 'waiting_for_devices'])
  assert.deepEqual([waiting.leaseEpoch, waiting.startedAt], [0, null], 'it was not claimed')
  const events = await bench.eventsOf(run)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['state', 'message']
  )
  const message = 'The run waits for a worker with 2 GPUs. Worker small has 1 CPU (fake).'
  assert.deepEqual(events[1]?.data, { message, device: 'gpu', devices: 2 })

  const requests: TrainRequest[] = []
  const startTrainer: TrainRunDeps['startTrainer'] = (request) => {
    if (request.type === 'train') requests.push(request)
    return bench.shared().startTrainer(request)
  }
  const machine = machineWith('gpu', 4)
  await bench.trainRun({ machine: async () => machine, startTrainer })({ runId: run.id }, signal)
  const done = await bench.load(run)
  assert.equal(done.status, 'succeeded')
  assert.deepEqual(
    requests.map(({ device, devices }) => [device, devices]),
    [['gpu', 2]]
  )
  const engine = { name: 'fake', device: 'none', deviceKind: 'cpu', devices: 2, precision: 'float32' }
  assert.deepEqual(done.engine, engine, 'it is on record as what the trainer said')
  const [start] = (await bench.eventsOf(run, 'message')).slice(1)
  assert.deepEqual([start?.data['engine'], start?.data['devices'], start?.data['precision']], ['fake', 2, 'float32'])
})

test('a run that waits for devices is queued by workers that have them, and by no other', { skip }, async () => {
  const compute = { device: 'gpu', devices: 2, maxRuntimeS: 3600, priority: 0 } as const
  const run = await bench.addRun({}, { compute })
  const isQueued = () => bench.jobs.some(({ payload }) => 'runId' in payload && payload.runId === run.id)
  await bench.legs.recover(by(ONE_CPU))
  await bench.legs.recover(by(machineWith('gpu', 1)))
  assert.ok(!isQueued())
  assert.equal((await bench.load(run)).statusReason, 'waiting_for_devices')
  const told = (await bench.eventsOf(run, 'message')).map(({ data }) => data['message'])
  assert.deepEqual(told, ['The run waits for a worker with 2 GPUs. Worker a worker has 1 CPU (fake).'])
  await bench.legs.recover(by(machineWith('gpu', 2)))
  assert.ok(isQueued())
})

test('a run that waits for devices beyond its time is ended by any worker', { skip }, async () => {
  const compute = { device: 'gpu', devices: 1, maxRuntimeS: 60, priority: 0 } as const
  const run = await bench.addRun({}, { compute, startedAt: new Date(Date.now() - 61_000) })
  await bench.legs.recover(by(ONE_CPU))
  assert.ok(bench.jobs.some(({ payload }) => 'runId' in payload && payload.runId === run.id))
  await bench.trainRun()({ runId: run.id }, new AbortController().signal)
  const { status, statusReason } = await bench.load(run)
  assert.deepEqual([status, statusReason], ['failed', 'deadline'])
})

test('a worker that is told to end while it looks at its machine leaves a run as it was', { skip }, async () => {
  const run = await bench.addRun({})
  const draining = new AbortController()
  const machine = async () => {
    draining.abort()
    return { offers: [], problem: 'it was not looked at' }
  }
  await bench.trainRun({ machine, draining: draining.signal })({ runId: run.id }, new AbortController().signal)
  assert.deepEqual(await bench.load(run), run)
})
