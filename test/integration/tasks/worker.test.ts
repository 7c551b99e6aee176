import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Run } from '../../../src/domain/run.ts'
import { askFor } from '../../../src/domain/run-verbs.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import { type FakeScript, stateAfter } from '../../helpers/fake-trainer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()
/** The shortest that may be configured. */
const LEASE_S = 3

async function setUp(t: TestContext) {
  const cleanUps: (() => Promise<void>)[] = []
  const bench = await createWorkbench({ after: (cleanUp) => void cleanUps.push(cleanUp) })
  const workers: ChildProcess[] = []
  t.after(async () => {
    for (const worker of workers) await end(worker, 'SIGKILL')
    for (const cleanUp of cleanUps) await cleanUp()
  })
  return {
    bench,
    async startWorker(more: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
      const environment = {
        DATABASE_URL: bench.url,
        KAPPA_DATA: bench.root,
        KAPPA_SCRATCH: join(bench.root, 'work'),
        KAPPA_LEASE_S: String(LEASE_S),
        KAPPA_LOADERS: '1',
        ...more
      }
      const worker = fork(join(import.meta.dirname, '../../helpers/worker-process.ts'), [JSON.stringify(environment)])
      workers.push(worker)
      await once(worker, 'message')
      return worker
    },
    async addRun(script: FakeScript, patch: Partial<Run> = {}): Promise<Run> {
      const run = await bench.addRun(script, patch)
      const objects = createFolderStore({ root: join(bench.root, 'objects'), signingKey: 'key', baseUrl: 'http://x' })
      for (const [key, bytes] of bench.objects.content) await objects.put(key, bytes)
      return run
    }
  }
}

async function end(worker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  const exited = once(worker, 'exit')
  worker.kill(signal)
  await exited
}

/** Real processes have no clock to move: asks again until it holds. */
async function until(what: string, holds: () => boolean | Promise<boolean>, withinS = 180): Promise<void> {
  const deadline = performance.now() + withinS * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Children of a process, as the kernel knows them. */
const childrenOf = (pid: number | undefined): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const isRunning = (bench: Workbench, run: Run) => async () => (await bench.completeCheckpoints(run)).length > 0

const finalHash = async (bench: Workbench, run: Run) => {
  const { latestCheckpointId } = await bench.load(run)
  return (await bench.stores.checkpoints.load(latestCheckpointId ?? ''))?.stateHash
}

test('a worker that is killed takes its trainer along; the next one ends the run in the same state', {
  skip
}, async (t) => {
  const { bench, startWorker, addRun } = await setUp(t)
  const run = await addRun({ totalSteps: 600, stepMs: 10, checkpointEverySteps: 10 })
  const first = await startWorker()
  await until('the first worker trains', isRunning(bench, run))
  const trainers = childrenOf(first.pid)
  assert.equal(trainers.length, 1)
  await end(first, 'SIGKILL')
  await until('its trainer is gone', () => !trainers.some(isAlive))
  // The supervisor looks at its start: by then the lease has to have run out.
  await until('the lease has run out', async () => ((await bench.load(run)).leaseExpiresAt ?? new Date(0)) < new Date())
  const second = await startWorker()
  await until('the run ends', async () => (await bench.load(run)).status === 'succeeded')
  assert.equal(await finalHash(bench, run), stateAfter(7, 600))
  const reasons = (await bench.eventsOf(run, 'state')).map(({ data }) => data['statusReason'])
  assert.ok(reasons.includes('worker_lost'))
  // The second may be at work on the run's model by now.
  const left = readdirSync(join(bench.root, 'work')).filter((name) => name.includes(`.${first.pid}.`))
  assert.deepEqual(left, [], 'what the killed worker left is removed')
  await end(second, 'SIGTERM')
  assert.equal(second.exitCode, 0)
})

test('a worker that is told to end hands its run to the next at once', { skip }, async (t) => {
  const { bench, startWorker, addRun } = await setUp(t)
  const run = await addRun({ totalSteps: 600, stepMs: 10, checkpointEverySteps: 10 })
  const first = await startWorker()
  await until('the first worker trains', isRunning(bench, run))
  await end(first, 'SIGTERM')
  assert.equal(first.exitCode, 0)
  const handedBack = await bench.load(run)
  assert.deepEqual([handedBack.status, handedBack.statusReason], ['queued', 'preempted'])
  await startWorker()
  await until('the run ends', async () => (await bench.load(run)).status === 'succeeded')
  assert.equal(await finalHash(bench, run), stateAfter(7, 600))
})

test('a run whose devices no worker has waits with that reason while others are trained, and can be cancelled', {
  skip
}, async (t) => {
  const { bench, startWorker, addRun } = await setUp(t)
  const compute = { device: 'gpu', devices: 2, maxRuntimeS: 3600, priority: 50 } as const
  const waiting = await addRun({}, { compute })
  const other = await addRun({ totalSteps: 10 })
  await startWorker()
  await until('the other run ends', async () => (await bench.load(other)).status === 'succeeded')
  await until('the run says what it waits for', async () => (await bench.eventsOf(waiting, 'message')).length > 0)
  const { status, statusReason, leaseEpoch } = await bench.load(waiting)
  assert.deepEqual([status, statusReason, leaseEpoch], ['queued', 'waiting_for_devices', 0])
  const [event] = await bench.eventsOf(waiting, 'message')
  assert.match(
    String(event?.data['message']),
    /^The run waits for a worker with 2 GPUs\. Worker \S+ has 1 CPU \(fake\)\.$/
  )
  assert.equal(askFor('cancel', await bench.load(waiting), new Date())?.status, 'cancelled')
})

test('a worker without the objects fails what it takes; one that has them takes it over, and no run is lost', {
  skip
}, async (t) => {
  const { bench, startWorker, addRun } = await setUp(t)
  const elsewhere = (name: string) => join(bench.root, 'elsewhere', name)
  const runs = await Promise.all([1, 2, 3].map(() => addRun({ totalSteps: 10 })))
  await startWorker({ KAPPA_DATA: elsewhere('data'), KAPPA_SCRATCH: elsewhere('work'), KAPPA_WORKER_NODE: 'bad' })
  const loaded = () => Promise.all(runs.map((run) => bench.load(run)))
  await until('the first has failed one', async () => (await loaded()).some(({ failures }) => failures.length > 0))
  const [failure] = (await loaded()).flatMap(({ failures }) => failures)
  assert.deepEqual([failure?.node, failure?.code], ['bad', 'object_not_found'])
  await startWorker({ KAPPA_WORKER_NODE: 'good' })
  await until('all have succeeded', async () => (await loaded()).every(({ status }) => status === 'succeeded'))
  assert.deepEqual(
    (await loaded()).map(({ error, failures }) => [error, failures]),
    runs.map(() => [null, []])
  )
})
