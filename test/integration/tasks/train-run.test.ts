/** How runs end, whatever happens to their trainers and whatever users ask of them. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { RunVerb } from '../../../src/domain/run-verbs.ts'
import { createRunVerb } from '../../../src/services/runs/run-verbs.ts'
import { stateAfter } from '../../helpers/fake-trainer.ts'
import { finalHash as finalHashOf, legBench, skip, until } from './leg-bench.ts'

const bench = await legBench()
const finalHash = (run: Run) => finalHashOf(bench, run)

const ask = ({ id, projectId }: Run, verb: RunVerb) =>
  createRunVerb({ unitOfWork: bench.unitOfWork, clock: systemClock })(projectId, { id, verb })

test('an undisturbed run succeeds in one leg and becomes a model', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 10 })
  await bench.workAll(run)
  const done = await bench.load(run)
  assert.equal(done.status, 'succeeded')
  assert.deepEqual(
    { step: done.progress.step, percent: done.progress.percent, leaseWorker: done.leaseWorker, attempt: done.attempt },
    { step: 10, percent: 100, leaseWorker: null, attempt: 1 }
  )
  assert.equal(await finalHash(run), stateAfter(7, 10))
  const model = await bench.stores.models.load(done.modelId ?? '')
  assert.deepEqual(
    { status: model?.status, checkpointId: model?.checkpointId, step: model?.step },
    { status: 'exporting', checkpointId: done.latestCheckpointId, step: 10 }
  )
  assert.deepEqual(
    bench.jobs.map(({ kind, payload }) => ({ kind, payload })),
    [{ kind: 'export-model', payload: { modelId: done.modelId } }]
  )
  assert.deepEqual(await bench.statusesOf(run), ['starting', 'running', 'succeeded'])
  const [loss] = await bench.stores.metrics.read(run.id, {
    keys: ['loss'],
    fromStep: null,
    toStep: null,
    maxPoints: 50
  })
  assert.deepEqual(loss?.steps, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('a run of no epochs publishes the untrained network', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 0 })
  await bench.workAll(run)
  const done = await bench.load(run)
  assert.deepEqual([done.status, done.progress.percent], ['succeeded', 100])
  assert.equal(await finalHash(run), stateAfter(7, 0))
})

test('a trainer killed in mid-run costs nothing but time: the same state, one curve', { skip }, async () => {
  const onceMarker = join(bench.root, 'killed')
  const run = await bench.addRun({ totalSteps: 10, at: 6, how: 'kill', onceMarker })
  await bench.workAll(run)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.equal(await finalHash(run), stateAfter(7, 10))
  const [loss] = await bench.stores.metrics.read(run.id, {
    keys: ['loss'],
    fromStep: null,
    toStep: null,
    maxPoints: 50
  })
  assert.deepEqual(loss?.steps, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  const reasons = (await bench.eventsOf(run, 'state')).map(({ data }) => data['statusReason'])
  assert.ok(reasons.includes('trainer_killed'))
})

test('only the newest checkpoints are kept, in rows and in objects', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 60, stepMs: 30 }, { checkpoint: { everyS: 900, keepLast: 2 } })
  await bench.workAll(run)
  const kept = await bench.completeCheckpoints(run)
  const all = await bench.stores.checkpoints.listByRun(run.projectId, run.id, { limit: 100, after: null })
  await bench.sweep()
  const keys = [...bench.objects.content.keys()].filter((key) => key.startsWith(`runs/${run.id}/`))
  const expected = kept.flatMap(({ prefix }) => [`${prefix}/manifest.json`, `${prefix}/state.json`])
  assert.equal(kept.length, 2)
  assert.ok(all.data.length > 2, 'more were written than are kept')
  assert.deepEqual(keys.sort(), expected.sort())
})

test('the same failure three times on the only node ends the run', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 10, at: 4, how: 'fail', code: 'out_of_memory' })
  await bench.workAll(run)
  const { status, error, failures } = await bench.load(run)
  assert.deepEqual(
    { status, code: error?.code, step: error?.step, retryable: error?.retryable },
    { status: 'failed', code: 'out_of_memory', step: 4, retryable: false }
  )
  assert.equal(failures.length, 3)
  assert.deepEqual(bench.outcomes.at(-1), { subject: run.id, outcome: 'failed-here' })
})

test('a failure that does not come again is forgotten', { skip }, async () => {
  const onceMarker = join(bench.root, 'failed-once')
  const run = await bench.addRun({ totalSteps: 10, at: 4, how: 'fail', code: 'out_of_memory', onceMarker })
  await bench.workAll(run)
  const { status, error } = await bench.load(run)
  assert.deepEqual([status, error], ['succeeded', null])
})

test('a loss that is not finite ends the run at once, with the step', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 10, at: 4, how: 'fail', code: 'loss_not_finite' })
  await bench.workAll(run)
  const { status, statusReason, error } = await bench.load(run)
  assert.deepEqual([status, statusReason, error?.step], ['failed', 'loss_not_finite', 4])
})

test('a trainer that crashes at once, three times, ends the run with its last words', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 10, at: 1, how: 'exit' })
  await bench.workAll(run)
  const { status, error } = await bench.load(run)
  assert.equal(status, 'failed')
  assert.equal(error?.code, 'trainer_crashed')
  assert.match(error?.message ?? '', /scripted crash at step 1/)
})

test('a collapse pauses the run when it asks for that, and names the last healthy checkpoint', { skip }, async () => {
  const alarms = [{ rule: 'collapse', action: 'pause' }] as const
  const run = await bench.addRun({ totalSteps: 100_000, stepMs: 20, at: 5, how: 'alarm' }, { alarms })
  await bench.workAll(run)
  const paused = await bench.load(run)
  assert.deepEqual([paused.status, paused.statusReason], ['paused', 'alarm:collapse_uniform'])
  const [alarm] = await bench.eventsOf(run, 'alarm')
  assert.deepEqual([alarm?.data['rule'], alarm?.data['action']], ['collapse_uniform', 'pause'])
  assert.ok(paused.latestCheckpointId)
})

test('without that wish an alarm is only told', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 8, at: 5, how: 'alarm' })
  await bench.workAll(run)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.equal((await bench.eventsOf(run, 'alarm')).length, 1)
  const { lastAlarm } = (await bench.stores.runs.load(run.id)) ?? {}
  assert.deepEqual([lastAlarm?.rule, lastAlarm?.step], ['collapse_uniform', 5], 'and lists show it')
})

test('cancel while running saves, ends and keeps the position', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 100_000, stepMs: 5, checkpointEverySteps: 100_000 })
  const working = bench.workAll(run)
  await until(async () => (await bench.load(run)).status === 'running')
  await bench.stores.runs.update(run.id, { status: 'cancelling', desired: 'cancel' })
  await working
  const { status, latestCheckpointId, finishedAt } = await bench.load(run)
  assert.equal(status, 'cancelled')
  assert.ok(latestCheckpointId && finishedAt)
})

test('a run that is paused while it trains saves, and ends in the same state when it is resumed', {
  skip
}, async () => {
  const file = join(bench.root, `opened-${bench.trainers.length}`)
  const run = await bench.addRun({ totalSteps: 60, checkpointEverySteps: 1000, gate: { step: 30, file } })
  const working = bench.workAll(run)
  await until(async () => (await bench.load(run)).progress.step === 30)
  await ask(run, 'pause')
  await working
  const paused = await bench.load(run)
  assert.deepEqual([paused.status, paused.statusReason, paused.leaseWorker], ['paused', 'user', null])
  assert.equal((await bench.completeCheckpoints(run)).length, 1)
  await bench.workAll(run)
  assert.equal((await bench.load(run)).status, 'paused', 'a job of before does not start it')
  writeFileSync(file, '')
  await ask(run, 'resume')
  await bench.workAll(run)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.equal(await finalHash(run), stateAfter(7, 60))
})

test('a run that failed goes on from its checkpoint when it is tried again, with its time counted anew', {
  skip
}, async () => {
  const onceMarker = join(bench.root, 'failed-before')
  const run = await bench.addRun({ totalSteps: 20, checkpointEverySteps: 5, at: 12, how: 'fail', onceMarker })
  await bench.workAll(run)
  const failed = await bench.load(run)
  assert.deepEqual([failed.status, failed.error?.code], ['failed', 'loss_not_finite'])
  await bench.stores.runs.update(run.id, { startedAt: new Date(Date.now() - 2 * 86_400_000) })
  await ask(run, 'retry')
  await bench.workAll(run)
  const { status, error, leg } = await bench.load(run)
  assert.deepEqual([status, error, leg], ['succeeded', null, failed.leg + 1])
  const steps = (await bench.eventsOf(run, 'message')).map(({ data }) => data['step'])
  assert.deepEqual(steps, [0, 10])
  assert.equal(await finalHash(run), stateAfter(7, 20))
})

test('a run that was cancelled before a worker came is not started', { skip }, async () => {
  const run = await bench.addRun({}, { status: 'cancelling', desired: 'cancel' })
  await bench.workAll(run)
  assert.equal((await bench.load(run)).status, 'cancelled')
  assert.equal((await bench.eventsOf(run)).length, 1)
})
