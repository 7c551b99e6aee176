/** Devices that a project may have at once: legs beyond them wait, and begin when there is room. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { NO_QUOTAS } from '../../../src/domain/project.ts'
import type { Run } from '../../../src/domain/run.ts'
import { createProjectService } from '../../../src/services/projects/projects.ts'
import type { Claim } from '../../../src/services/runs/legs.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, machineWith, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const cleanUps: (() => Promise<void>)[] = []
const clock = fakeClock()
let bench: Workbench

before(async () => {
  if (skip === false) bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) }, clock)
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})
afterEach(async () => {
  if (skip !== false) return
  const { data } = await bench.stores.runs.list(bench.project.id, {}, { limit: 100, after: null })
  for (const { id } of data) await bench.stores.runs.remove(id)
  bench.jobs.splice(0)
})

const BY = { worker: 'a worker', machine: machineWith('cpu', 8) }
const allow = (devicesAtOnce: number | null) =>
  bench.stores.projects.update(bench.project.id, { quotas: { ...NO_QUOTAS, devicesAtOnce } })
const needing = (devices: number, priority = 0): Partial<Run> => ({
  compute: { device: 'any', devices, maxRuntimeS: 86_400, priority }
})
const addRun = (devices = 1, priority = 0) => bench.addRun({}, needing(devices, priority))
const claim = (run: Run) => bench.legs.claim(run.id, BY)
const reasonOf = async (run: Run) => (await bench.load(run)).statusReason
const end = ({ lease }: Claim) => bench.legs.settle(lease, { type: 'completed', step: 10 })
const jobsOf = () => bench.jobs.filter(({ kind }) => kind === 'run-leg').map(({ payload }) => payload)
const taken = (claimed: Claim | null): Claim => {
  assert.ok(claimed)
  return claimed
}

test('a leg beyond the quota waits in the queue, says so once, and gets a job when another ends', {
  skip
}, async () => {
  await allow(2)
  const [first, second, third, fourth] = [await addRun(), await addRun(), await addRun(), await addRun()]
  const one = taken(await claim(first))
  taken(await claim(second))
  assert.equal(await claim(third), null)
  assert.equal(await claim(third), null)
  assert.equal(await claim(fourth), null)
  const { status, statusReason, failures, attempt } = await bench.load(third)
  assert.deepEqual([status, statusReason, failures, attempt], ['queued', 'waiting_for_quota', [], 0])
  const [told, ...more] = await bench.eventsOf(third, 'message')
  assert.deepEqual(more, [])
  assert.equal(
    told?.data['message'],
    'The run waits: it takes 1 of the devices that its project may have at once, and 2 of 2 are in use.'
  )
  assert.deepEqual(jobsOf(), [])
  await bench.legs.recover(BY)
  assert.deepEqual(jobsOf(), [], 'nobody is woken in vain')

  await end(one)
  assert.deepEqual(jobsOf(), [{ runId: third.id }], 'the first that waited')
  taken(await claim(third))
  assert.equal(await reasonOf(third), null)
  assert.equal(await claim(fourth), null)
})

test('two that ask for the last device do not both get it', { skip }, async () => {
  await allow(1)
  const runs = await Promise.all([1, 2, 3, 4].map(() => addRun()))
  const claims = await Promise.all(runs.map(claim))
  assert.equal(claims.filter((one) => one !== null).length, 1)
})

test('devices are counted, not legs, and a run that is too large keeps no smaller one waiting', { skip }, async () => {
  await allow(4)
  const large = taken(await claim(await addRun(3)))
  const [two, one] = [await addRun(2), await addRun(1)]
  assert.equal(await claim(two), null)
  taken(await claim(one))
  const usage = await bench.stores.projects.usage({ id: bench.project.id, quotas: NO_QUOTAS }, new Date())
  assert.equal(usage.devicesAtOnce, 4)
  await end(large)
  assert.deepEqual(jobsOf(), [{ runId: two.id }])
  taken(await claim(two))
})

test('of those that wait, the more urgent are woken first, and as many as there is room for', { skip }, async () => {
  await allow(2)
  const holder = taken(await claim(await addRun(2)))
  const runs = [await addRun(1), await addRun(1, 10), await addRun(1, 5)]
  for (const run of runs) assert.equal(await claim(run), null)
  await end(holder)
  assert.deepEqual(jobsOf(), [{ runId: runs[1]!.id }, { runId: runs[2]!.id }])
})

test('a lost worker gives its devices back, and a higher quota wakes those that wait', { skip }, async () => {
  await allow(1)
  const [lost, waiting, behind] = [await addRun(), await addRun(), await addRun()]
  taken(await claim(lost))
  for (const run of [waiting, behind]) assert.equal(await claim(run), null)
  await clock.advance(31_000)
  assert.deepEqual(await bench.legs.recover({ ...BY, worker: 'another' }), [lost.id])
  // It waits for some seconds before it is tried again; its device does not.
  assert.ok(jobsOf().some((payload) => 'runId' in payload && payload.runId === waiting.id))
  taken(await claim(waiting))
  bench.jobs.splice(0)

  const { unitOfWork, stores } = bench
  const unused = async () => assert.fail('is not asked for')
  const keys = { create: unused, list: unused, forget: () => assert.fail('is not asked for') }
  const forgotten: string[] = []
  const rates = { forget: (id: string) => void forgotten.push(id) }
  const projects = createProjectService({ unitOfWork, stores, keys, clock, newId, rates })
  await projects.update(bench.project.id, { quotas: { devicesAtOnce: 2 }, isExpected: () => true })
  assert.deepEqual([jobsOf(), forgotten], [[{ runId: behind.id }], [bench.project.id]])
  taken(await claim(behind))
})

test('a quota that was lowered takes nothing away, and one of none lets nothing begin', { skip }, async () => {
  await allow(null)
  const held = taken(await claim(await addRun()))
  await allow(0)
  assert.equal((await bench.legs.heartbeat(held.lease)).stillOurs, true)
  const next = await addRun()
  assert.equal(await claim(next), null)
  // It ends its leg, and goes on when it may.
  assert.equal((await bench.legs.settle(held.lease, { type: 'stopped' })).status, 'queued')
  assert.equal(await claim(held.run), null)
  assert.equal(await reasonOf(held.run), 'waiting_for_quota')
  await allow(null)
  await bench.legs.recover(BY)
  assert.deepEqual(
    new Set(jobsOf().map((payload) => 'runId' in payload && payload.runId)),
    new Set([next.id, held.run.id])
  )
})
