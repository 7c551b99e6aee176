/** Bad nodes, workers that end, jobs that are lost: who is charged, and that everything is tried again elsewhere. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { WorkerState } from '../../../src/domain/worker.ts'
import { createDatasetRemoval } from '../../../src/services/datasets/dataset-removal.ts'
import { failTry, takeTurn, versionSubject } from '../../../src/services/jobs/job-tries.ts'
import { createOpenWork } from '../../../src/services/jobs/open-work.ts'
import { createModelRemoval } from '../../../src/services/models/model-removal.ts'
import { newModel } from '../../../src/services/models/new-model.ts'
import { createWorkerService } from '../../../src/services/workers/workers.ts'
import type { TrainRunDeps } from '../../../src/tasks/train-run.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { stateAfter } from '../../helpers/fake-trainer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, machineWith, ONE_CPU, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
const clock = fakeClock(Date.UTC(2026, 0, 1))
const cleanUps: (() => Promise<void>)[] = []
let bench: Workbench

before(async () => {
  if (skip === false) bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) }, clock)
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})
afterEach(async () => {
  if (skip !== false) return
  await Promise.all(bench.trainers.map(({ exited }) => exited))
  bench.jobs.length = 0
  for (const { id } of await bench.stores.models.listExporting(null, 100))
    await bench.stores.models.update(id, { status: 'failed' })
  for (const { name } of await bench.stores.workers.listSeen(new Date(0))) await bench.stores.workers.remove(name)
})

const isThere = (name: string, state: WorkerState = 'working', machine = ONE_CPU): Promise<void> =>
  createWorkerService(bench).announce({ name, machine, state, reason: null, startedAt: new Date(clock.now()) })

const train = (run: Run, worker: string, patch: Partial<TrainRunDeps> = {}): Promise<void> =>
  bench.trainRun({ worker, ...patch })({ runId: run.id }, new AbortController().signal)

const sweep = (worker: string) => createOpenWork(bench).sweep(worker)

/** No such program: every trainer of this node ends at once. */
const broken = (): Partial<TrainRunDeps> => ({
  startTrainer: () => {
    throw new Error('no file descriptor is left')
  }
})

test('a bad node beside a healthy one costs a run one try: it is left to the other, and succeeds', {
  skip
}, async () => {
  await isThere('bad/1')
  await isThere('good/1')
  const run = await bench.addRun({ totalSteps: 10 })
  await train(run, 'bad/1', broken())
  const { status, statusReason, failures } = await bench.load(run)
  assert.deepEqual([status, statusReason], ['queued', 'internal'])
  assert.deepEqual(
    failures.map(({ node, code }) => ({ node, code })),
    [{ node: 'bad', code: 'internal' }]
  )
  const trainers = bench.trainers.length
  await train(run, 'bad/2', {})
  assert.equal(bench.trainers.length, trainers, 'also after a restart it leaves the run to others')
  const [next] = bench.jobs.slice(-1)
  assert.ok(next && next.startAfterS >= 0.1 && next.startAfterS < 3, 'with a job for them, at no fixed pace')
  bench.jobs.length = 0
  await bench.legs.recover({ worker: 'good/1', machine: ONE_CPU })
  assert.equal(bench.jobs.length, 1)
  await train(run, 'good/1')
  const done = await bench.load(run)
  assert.deepEqual([done.status, done.error, done.failures], ['succeeded', null, []])
})

test('when the others are gone, rest, or lack its devices, the node that failed a run gets it again', {
  skip
}, async () => {
  const compute = { device: 'gpu', devices: 2, maxRuntimeS: 3600, priority: 0 } as const
  const machine = machineWith('gpu', 2)
  const run = await bench.addRun({ totalSteps: 4 }, { compute })
  await isThere('bad/1', 'working', machine)
  await isThere('resting/1', 'resting', machine)
  await isThere('small/1', 'working', machineWith('gpu', 1))
  await isThere('gone/1', 'working', machine)
  await clock.advance(61_000)
  for (const name of ['bad/1', 'resting/1']) await isThere(name, name === 'bad/1' ? 'working' : 'resting', machine)
  await isThere('small/1', 'working', machineWith('gpu', 1))
  await train(run, 'bad/1', { ...broken(), machine: async () => machine })
  await train(run, 'bad/1', { machine: async () => machine })
  assert.equal((await bench.load(run)).status, 'succeeded')
})

test('two nodes with the same error end a run, and both are named', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 10, at: 4, how: 'fail', code: 'out_of_memory' })
  await isThere('a/1')
  await isThere('b/1')
  for (const worker of ['a/1', 'b/1']) await train(run, worker)
  const { status, error } = await bench.load(run)
  assert.deepEqual([status, error?.code, error?.retryable], ['failed', 'out_of_memory', false])
  assert.match(error?.message ?? '', /Tried 2 times, by a, b\.$/)
})

test('a trainer that is killed again and again at one step ends the run, with every try to be seen', {
  skip
}, async () => {
  const run = await bench.addRun({ totalSteps: 10, at: 6, how: 'kill' })
  await bench.workAll(run, bench.trainRun({ worker: 'a/1' }), 12)
  const { status, statusReason, failures } = await bench.load(run)
  assert.deepEqual([status, statusReason, failures.length], ['failed', 'trainer_killed', 10])
})

test('polite restarts are no tries: a run is handed on as often as workers end', { skip }, async () => {
  const file = join(bench.root, 'opened-for-restarts')
  const run = await bench.addRun({ totalSteps: 60, checkpointEverySteps: 1000, gate: { step: 30, file } })
  for (let restarts = 0; restarts < 4; restarts++) {
    const draining = new AbortController()
    const leg = train(run, `a/${restarts}`, { draining: draining.signal })
    while ((await bench.load(run)).status !== 'running') await clock.advance(50)
    draining.abort()
    await leg
    assert.equal(bench.jobs.at(-1)?.startAfterS, 0)
  }
  const { status, attempt, failures } = await bench.load(run)
  assert.deepEqual([status, failures], ['queued', []])
  assert.ok(attempt <= 1, `attempt ${attempt}`)
})

test('a leg whose limit is shorter than its start takes a step all the same', { skip }, async () => {
  const run = await bench.addRun({ totalSteps: 100_000, stepMs: 5, checkpointEverySteps: 100_000 })
  const leg = train(run, 'a/1', { legMaxS: 10 })
  // The limit passes while the trainer starts; heartbeats come by.
  let isOver = false
  void leg.finally(() => {
    isOver = true
  })
  while (!isOver) await clock.advance(11_000)
  const { status, progress } = await bench.load(run)
  assert.equal(status, 'queued')
  assert.ok(progress.step > 0, `step ${progress.step}`)
})

test('metrics of the steps before a checkpoint are there when it is, whatever becomes of the worker', {
  skip
}, async () => {
  const onceMarker = join(bench.root, `killed-${randomUUID()}`)
  const run = await bench.addRun({ totalSteps: 40, at: 33, how: 'kill', onceMarker, checkpointEverySteps: 16 })
  let seen: number | undefined
  const records: TrainRunDeps['records'] = {
    ...bench.records,
    async commitCheckpoint(lease, uploaded) {
      const [loss] = await bench.stores.metrics.read(run.id, {
        keys: ['loss'],
        fromStep: null,
        toStep: null,
        maxPoints: 100
      })
      seen ??= loss?.steps.length
      assert.deepEqual(
        loss?.steps,
        Array.from({ length: loss?.steps.length ?? 0 }, (_, step) => step + 1)
      )
      assert.ok((loss?.steps.length ?? 0) >= uploaded.step)
      await bench.records.commitCheckpoint(lease, uploaded)
    }
  }
  await bench.workAll(run, bench.trainRun({ records }))
  assert.ok(seen !== undefined && seen >= 16)
  assert.equal((await bench.load(run)).status, 'succeeded')
})

test('a damaged file of the local cache is fetched again, and the run ends as if nothing had been', {
  skip
}, async () => {
  const run = await bench.addRun({ totalSteps: 10 })
  const { cache } = bench.shared()
  const shard = `datasets/${run.datasetId}/v1/shard-00000.bin`
  const { readdirSync, writeFileSync } = await import('node:fs')
  await train(run, 'a/1', { startTrainer: broken().startTrainer! })
  const kept = join(bench.root, 'cache/kept')
  for (const entry of readdirSync(kept)) writeFileSync(join(kept, entry, 'shard-00000.bin'), 'all bits!')
  let fetched = 0
  bench.objects.intercept = (operation, key) => {
    if (operation === 'getFile' && key === shard) fetched += 1
  }
  await train(run, 'a/1', { cache })
  bench.objects.intercept = () => {}
  assert.equal(fetched, 1)
  assert.deepEqual([(await bench.load(run)).status], ['succeeded'])
  const { latestCheckpointId } = await bench.load(run)
  assert.equal((await bench.stores.checkpoints.load(latestCheckpointId ?? ''))?.stateHash, stateAfter(7, 10))
})

test('what is cancelled or removed while a worker has it leaves no tries', { skip }, async () => {
  const run = await bench.addRun({})
  const { projectId, datasetId } = run
  const model = await bench.stores.models.insert(
    newModel({ id: newId('model'), projectId, name: null, createdAt: new Date(clock.now()), importedFrom: null })
  )
  const subjects = [model.id, versionSubject(datasetId, 1), versionSubject(datasetId, 2)]
  for (const subject of subjects) await bench.unitOfWork((tx) => takeTurn(tx, { subject, projectId }, 'a/1'))
  await createModelRemoval({ ...bench, clock })(projectId, model.id)
  await bench.stores.runs.update(run.id, { status: 'cancelled' })
  await createDatasetRemoval({ ...bench, clock }).remove(projectId, datasetId)
  assert.deepEqual(await bench.stores.jobTries.loadMany(subjects), [])
})

test('open work without a job is queued again, by whoever may have it, when its wait is over', { skip }, async () => {
  const { projectId } = await bench.addRun({})
  const model = newModel({
    id: newId('model'),
    projectId,
    name: null,
    createdAt: new Date(clock.now()),
    importedFrom: null
  })
  await bench.stores.models.insert(model)
  const job = { subject: model.id, projectId }
  await isThere('a/1')
  await isThere('b/1')
  assert.deepEqual(await sweep('a/1'), [model.id])
  assert.deepEqual(await sweep('a/1'), [], 'its job waits')
  bench.jobs.length = 0
  await bench.unitOfWork((tx) => takeTurn(tx, job, 'a/1'))
  const error = { code: 'internal', message: 'so it was' }
  await bench.unitOfWork((tx) => failTry(tx, { job, worker: 'a/1', error }))
  assert.deepEqual(await sweep('b/1'), [], 'its wait is not over')
  await clock.advance(1000)
  assert.deepEqual(await sweep('a/1'), [], 'it is left to the other')
  assert.deepEqual(await sweep('b/1'), [model.id])
})
