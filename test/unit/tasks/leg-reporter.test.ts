import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { LegRecords } from '../../../src/services/runs/leg-records.ts'
import type { LegService } from '../../../src/services/runs/legs.ts'
import type { StepReport } from '../../../src/services/runs/step-reports.ts'
import { createLegControl } from '../../../src/tasks/leg-control.ts'
import { createLegReporter } from '../../../src/tasks/leg-reporter.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'

const STARTED = {
  type: 'started',
  step: 0,
  totalSteps: 1000,
  stepsPerEpoch: 10,
  images: 40,
  parameters: 1,
  engine: 'fake',
  device: 'none',
  deviceKind: 'cpu',
  devices: 1,
  precision: 'float32'
} as const

const aStep = (step: number) => ({ type: 'step', step, epoch: 0, metrics: { loss: 1 / step, kl: step } }) as const

function setUp() {
  const clock = fakeClock()
  const control = createLegControl()
  const reports: StepReport[] = []
  const calls: string[] = []
  const database = { error: null as Error | null, desired: 'run' as Run['desired'] }
  const answer = (call: string) => {
    if (database.error) throw database.error
    calls.push(call)
  }
  const legs = { started: async () => answer('started') } as unknown as LegService // nothing else is called
  const records = {
    recordSteps: async (_: unknown, report: StepReport) => {
      answer('steps')
      reports.push(report)
      return database.desired
    },
    raiseAlarm: async () => answer('alarm')
  } as unknown as LegRecords // nothing else is called
  const run = { recipe: { hyperparameters: { batchSize: 4 } }, progress: { step: 0, totalSteps: 1000, epoch: 0 } }
  const options = { run: run as Run, lease: { runId: 'run_1', epoch: 1 }, legs, records, control, clock }
  const reporter = createLegReporter({ ...options, logger: silentLogger })
  return { clock, control, reports, calls, database, reporter, giveUp: new AbortController() }
}

const outage = new AppError('database_unavailable')

test('steps are written together, after the start', async () => {
  const { clock, reporter, calls, reports, giveUp } = setUp()
  reporter.started(STARTED)
  for (let step = 1; step <= 5; step++) reporter.step(aStep(step))
  await clock.advance(1000)
  assert.deepEqual(calls, ['started', 'steps'])
  assert.equal(reports[0]?.points.length, 10)
  assert.deepEqual(reports[0]?.progress, { step: 5, totalSteps: 1000, epoch: 0, percent: 0.5, imagesSeen: 20 })
  await reporter.finish(giveUp.signal)
  assert.deepEqual(calls, ['started', 'steps'])
})

test('the first step is written at once, those after it with the next second', async () => {
  const { clock, reporter, calls, reports, giveUp } = setUp()
  reporter.started(STARTED)
  reporter.step(aStep(1))
  await clock.advance(0)
  assert.deepEqual(calls, ['started', 'steps'])
  assert.notEqual(reports[0]?.event, null, 'and told to those who follow')
  reporter.step(aStep(2))
  await clock.advance(900)
  assert.equal(reports.length, 1)
  await clock.advance(100)
  assert.equal(reports.length, 2)
  await reporter.finish(giveUp.signal)
})

test('speed and remaining time follow from when the steps came', async () => {
  const { clock, reporter, reports, giveUp } = setUp()
  reporter.started(STARTED)
  for (let step = 1; step <= 4; step++) {
    await clock.advance(500)
    reporter.step(aStep(step))
  }
  await reporter.finish(giveUp.signal)
  assert.deepEqual([reports.at(-1)?.imagesPerSecond, reports.at(-1)?.etaS], [8, 498])
})

test('progress events become rarer as the leg grows older', async () => {
  const { clock, reporter, reports, giveUp } = setUp()
  reporter.started(STARTED)
  const eventsWithin = async (seconds: number) => {
    const before = reports.filter(({ event }) => event !== null).length
    for (let second = 0; second < seconds; second++) {
      reporter.step(aStep(second + 1))
      await clock.advance(1000)
    }
    return reports.filter(({ event }) => event !== null).length - before
  }
  assert.equal(await eventsWithin(60), 60)
  await eventsWithin(940)
  const late = await eventsWithin(100)
  assert.ok(late >= 8 && late <= 11, `${late} events in 100 s after 1000 s`)
  await reporter.finish(giveUp.signal)
})

test('an outage keeps everything, in order', async () => {
  const { clock, reporter, calls, reports, database, giveUp } = setUp()
  database.error = outage
  reporter.started(STARTED)
  reporter.step(aStep(1))
  await clock.advance(3000)
  reporter.step(aStep(2))
  reporter.alarm({ rule: 'plateau', step: 2, sinceStep: 1, message: 'flat' })
  await clock.advance(3000)
  assert.deepEqual(calls, [])
  database.error = null
  await clock.advance(1000)
  assert.deepEqual(calls, ['started', 'alarm', 'steps'])
  assert.deepEqual(
    reports[0]?.points.map(({ step }) => step),
    [1, 1, 2, 2]
  )
  await reporter.finish(giveUp.signal)
})

test('a long outage thins the steps out and says so', async () => {
  const { clock, reporter, reports, database, giveUp } = setUp()
  database.error = outage
  reporter.started(STARTED)
  for (let step = 1; step <= 25_000; step++) reporter.step(aStep(step))
  database.error = null
  await clock.advance(1000)
  const [report] = reports
  const steps = new Set(report?.points.map(({ step }) => step))
  assert.ok(steps.size <= 10_000 && steps.size > 5000, `${steps.size} steps are kept`)
  assert.ok(steps.has(25_000), 'the newest is kept')
  assert.equal((report?.dropped ?? 0) + (report?.points.length ?? 0), 50_000)
  await reporter.finish(giveUp.signal)
})

test('usage of a step is written with it, however late it was read, and told to nobody who follows', async () => {
  const { reporter, reports, giveUp } = setUp()
  const usage = Promise.withResolvers<Readonly<Record<string, number>>>()
  reporter.started(STARTED)
  reporter.step(aStep(1), usage.promise)
  reporter.step(aStep(2))
  const written = reporter.write()
  await settle()
  assert.equal(reports.length, 0, 'a checkpoint of the step is not committed before')
  usage.resolve({ 'system/memory_bytes': 5e8 })
  await written
  const points = reports.flatMap((report) => report.points)
  assert.deepEqual(
    points.filter(({ key }) => key.startsWith('system/')),
    [{ step: 1, key: 'system/memory_bytes', value: 5e8 }]
  )
  assert.equal(points.length, 5)
  assert.deepEqual(reporter.latest(), aStep(2).metrics)
  assert.deepEqual(reports[0]?.event, aStep(2).metrics)
  await reporter.finish(giveUp.signal)
})

test('a lost lease ends the leg', async () => {
  const { clock, reporter, control, database, giveUp } = setUp()
  database.error = new AppError('lease_lost')
  reporter.started(STARTED)
  await clock.advance(1000)
  assert.ok(control.gone.aborted)
  await assert.rejects(reporter.finish(giveUp.signal), { code: 'lease_lost' })
})

test('the user’s wish comes back with the next write', async () => {
  const { clock, reporter, control, database, giveUp } = setUp()
  reporter.started(STARTED)
  database.desired = 'cancel'
  reporter.step(aStep(1))
  await clock.advance(1000)
  assert.equal(control.stopReason(), 'user')
  await reporter.finish(giveUp.signal)
})

test('finishing waits for the database until it is told to give up', async () => {
  const { clock, reporter, database, giveUp } = setUp()
  database.error = outage
  reporter.started(STARTED)
  reporter.step(aStep(1))
  const finished = assert.rejects(reporter.finish(giveUp.signal), { code: 'database_unavailable' })
  await clock.advance(60_000)
  giveUp.abort()
  await finished
})
