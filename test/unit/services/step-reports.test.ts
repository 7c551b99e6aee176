import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { FencedReport } from '../../../src/domain/metric-stores.ts'
import type { RunIntent } from '../../../src/domain/run.ts'
import type { Stores } from '../../../src/domain/stores.ts'
import type { LegDeps } from '../../../src/services/runs/leg-lease.ts'
import type { StepReport } from '../../../src/services/runs/step-reports.ts'
import { createStepReports } from '../../../src/services/runs/step-reports.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'

const report = (points = 1, event: StepReport['event'] = null): StepReport => ({
  points: Array.from({ length: points }, (_, step) => ({ key: 'loss', step, value: 1 })),
  progress: { step: 1, totalSteps: 2, epoch: 0, percent: 50, imagesSeen: 8 },
  imagesPerSecond: null,
  etaS: null,
  event,
  dropped: 0
})
const lease = (runId: string) => ({ runId, epoch: 1 })

/** Writes wait for `open`, and answer with what a test makes of them. */
function setUp(answer: (runIds: string[]) => Map<string, RunIntent>) {
  const writes: string[][] = []
  const events: string[] = []
  let gate = Promise.withResolvers<void>()
  const stores = {
    stepReports: {
      async write(reports: readonly FencedReport[]) {
        const runIds = reports.map(({ lease: { runId } }) => runId)
        writes.push(runIds)
        await gate.promise
        return answer(runIds)
      }
    },
    events: { append: async (runId: string) => void events.push(runId) },
    now: async () => new Date(0)
  } as unknown as Stores // what it asks of them
  const deps = {
    stores,
    clock: fakeClock(),
    leaseMs: 1000,
    unitOfWork: (work: (tx: Stores) => unknown) => work(stores)
  }
  const record = createStepReports(deps as unknown as LegDeps)
  return { record, writes, events, open: () => gate.resolve(), shut: () => (gate = Promise.withResolvers()) }
}

const all = (runIds: string[]) => new Map(runIds.map((runId) => [runId, 'run' as RunIntent]))
/** As many as are under way at once. */
const LANES = 3

test('a leg alone waits for nobody, and what comes while others are written goes together', async () => {
  const { record, writes, open } = setUp(all)
  const said = Array.from({ length: 20 }, (_, i) => record(lease(`run_${i}`), report()))
  await settle()
  assert.deepEqual(writes, [['run_0'], ['run_1'], ['run_2']])
  open()
  assert.deepEqual(await Promise.all(said), Array(20).fill('run'))
  assert.equal(writes.length, LANES + 1)
  assert.equal(writes.at(-1)?.length, 17)
})

test('two reports of one run are two statements, and so is what is too much for one', async () => {
  const { record, writes, open } = setUp(all)
  const first = ['a', 'b', 'c'].map((id) => record(lease(id), report()))
  const twice = [record(lease('d'), report()), record(lease('d'), report())]
  const large = ['e', 'f', 'g'].map((id) => record(lease(id), report(3000)))
  open()
  await Promise.all([...first, ...twice, ...large])
  const later = writes.slice(LANES)
  assert.equal(later.flat().length, 5)
  for (const runIds of later) {
    assert.equal(new Set(runIds).size, runIds.length)
    assert.ok(runIds.filter((id) => 'efg'.includes(id)).length <= 2)
  }
})

test('a lost lease is told to its leg alone', async () => {
  const { record, open } = setUp((runIds) => all(runIds.filter((id) => id !== 'lost')))
  const said = ['a', 'b', 'c', 'd', 'lost', 'e'].map((id) => record(lease(id), report()))
  open()
  const outcomes = await Promise.allSettled(said)
  assert.deepEqual(
    outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code)),
    ['run', 'run', 'run', 'run', 'lease_lost', 'run']
  )
})

test('what the database cannot take of one leg does not cost the others theirs', async () => {
  const { record, writes, open } = setUp((runIds) => {
    if (runIds.includes('bad')) throw new Error('a value that it cannot take')
    return all(runIds)
  })
  const said = ['a', 'b', 'c', 'd', 'bad', 'e'].map((id) => record(lease(id), report()))
  open()
  const outcomes = await Promise.allSettled(said)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled']
  )
  assert.ok(writes.length > LANES + 1)
})

test('an outage is told to all, once, so that each keeps what it has', async () => {
  const { record, writes, open } = setUp(() => {
    throw new AppError('database_unavailable')
  })
  const said = Array.from({ length: 10 }, (_, i) => record(lease(`run_${i}`), report()))
  open()
  for (const one of said) await assert.rejects(one, { code: 'database_unavailable' })
  assert.equal(writes.length, LANES + 1)
})

test('events are written with the reports of legs that hold their runs', async () => {
  const { record, events, open } = setUp((runIds) => all(runIds.filter((id) => id !== 'lost')))
  const said = ['a', 'lost'].map((id) => record(lease(id), report(1, { loss: 1 })))
  said.push(record(lease('quiet'), report()))
  open()
  await Promise.allSettled(said)
  assert.deepEqual(events, ['a'])
})
