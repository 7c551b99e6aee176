/** Hundreds that nobody can take, or that have a job, in front of one that needs one. */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { NO_QUOTAS } from '../../../src/domain/project.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { UnitOfWork } from '../../../src/domain/stores.ts'
import { createOpenWork } from '../../../src/services/jobs/open-work.ts'
import { newModel } from '../../../src/services/models/new-model.ts'
import { createLegService } from '../../../src/services/runs/legs.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { anEvaluation, aVersion } from '../storage/records.ts'
import { createWorkbench, ONE_CPU, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const clock = fakeClock()
const bench = skip ? (undefined as unknown as Workbench) : await createWorkbench({ after }, clock)

const MANY = 512
const BY = { worker: 'a worker', machine: ONE_CPU }
const GPU = { device: 'gpu', devices: 1, maxRuntimeS: 86_400, priority: 0 } as const

beforeEach(async () => {
  if (skip !== false) return
  await bench.pool.query('delete from runs')
  bench.jobs.length = 0
})

/** As many again, older than it. */
const repeat = (table: string, id: string): Promise<unknown> =>
  bench.pool.query(
    `insert into ${table} select (jsonb_populate_record(one, jsonb_build_object('id', '0' || n || one.id))).*
     from ${table} one, generate_series(1, ${MANY}) n where one.id = $1`,
    [id]
  )

async function manyRuns(patch: Partial<Run>): Promise<Run> {
  const run = await bench.addRun({}, patch)
  await repeat('runs', run.id)
  return run
}

/** A worker's legs, with the transactions that they took. */
function countedLegs() {
  const counted = { transactions: 0 }
  const unitOfWork: UnitOfWork = (work) => {
    counted.transactions += 1
    return bench.unitOfWork(work)
  }
  const legs = createLegService({ unitOfWork, stores: bench.stores, clock, newId, leaseMs: 30_000 })
  return { counted, recover: () => legs.recover(BY) }
}

const runsWithJob = () => bench.jobs.flatMap(({ payload }) => ('runId' in payload ? [payload.runId] : []))

test('runs that wait for other devices cost nothing and keep nobody from a job', { skip }, async () => {
  await manyRuns({ compute: GPU, statusReason: 'waiting_for_devices' })
  const behind = await bench.addRun({})
  const { counted, recover } = countedLegs()
  for (const _ of [1, 2]) {
    await recover()
    assert.deepEqual([runsWithJob(), counted.transactions], [[behind.id], 1])
  }
})

test('runs that wait for their quota do not either, and as many get a job as there is room for', { skip }, async () => {
  await bench.stores.projects.update(bench.project.id, { quotas: { ...NO_QUOTAS, devicesAtOnce: 2 } })
  await manyRuns({ statusReason: 'waiting_for_quota' })
  const behind = await bench.addRun({})
  const { counted, recover } = countedLegs()
  await recover()
  await bench.stores.projects.update(bench.project.id, { quotas: NO_QUOTAS })
  assert.equal(runsWithJob().length, 3)
  assert.ok(runsWithJob().includes(behind.id))
  assert.equal(counted.transactions, 3)
})

test('runs that have a job cost nothing, and a lost one is found behind any number of them', { skip }, async () => {
  const first = await manyRuns({})
  const { data } = await bench.stores.runs.list(bench.project.id, {}, { limit: 1000, after: null })
  for (const { id } of data) bench.jobs.push({ kind: 'run-leg', payload: {}, key: `${id}:0`, startAfterS: 0 })
  const dead = await bench.addRun({})
  await bench.legs.claim(dead.id, { ...BY, worker: 'a worker that dies' })
  await clock.advance(31_000)
  const { counted, recover } = countedLegs()
  assert.deepEqual(await recover(), [dead.id])
  assert.deepEqual([runsWithJob(), counted.transactions], [[dead.id], 1])
  assert.equal((await bench.load(first)).statusReason, 'waiting_for_worker')
})

test('open models, evaluations and versions that have a job keep none without one waiting', { skip }, async () => {
  const run = await bench.addRun({})
  const { projectId, datasetId } = run
  const createdAt = new Date(clock.now())
  const aModel = () =>
    bench.stores.models.insert(newModel({ id: newId('model'), projectId, name: null, createdAt, importedFrom: null }))
  const model = await aModel()
  await repeat('models', model.id)
  const dataset = await bench.stores.datasets.find(projectId, datasetId)
  const evaluation = anEvaluation(run, model.id)
  await bench.stores.evaluations.insert(evaluation)
  await repeat('evaluations', evaluation.id)
  const ofDataset = { ...aVersion(dataset!), createdAt, status: 'queued' } as const
  await bench.stores.datasets.insertVersion(ofDataset, (n) => `p${n}`)
  await bench.pool.query(
    `insert into dataset_versions
     select (jsonb_populate_record(one, jsonb_build_object('version', 2 + n, 'prefix', 'p' || 2 + n))).*
     from dataset_versions one, generate_series(1, ${MANY}) n where dataset_id = $1 and version = 2`,
    [datasetId]
  )
  await bench.pool.query('update datasets set last_version = $2 where id = $1', [datasetId, MANY + 2])
  const { rows } = await bench.pool.query(
    `select id as key from models union all select id from evaluations
     union all select dataset_id || '@' || version from dataset_versions where status = 'queued'`
  )
  for (const { key } of rows) bench.jobs.push({ kind: 'any', payload: {}, key, startAfterS: 0 })

  const sweep = () => createOpenWork(bench).sweep('a worker')
  assert.deepEqual(await sweep(), [])
  const [lateModel, lateEvaluation] = [await aModel(), anEvaluation(run, model.id)]
  await bench.stores.evaluations.insert(lateEvaluation)
  const { version } = await bench.stores.datasets.insertVersion(ofDataset, (n) => `p${n}`)
  assert.deepEqual(await sweep(), [`${datasetId}@${version}`, lateModel.id, lateEvaluation.id])
})
