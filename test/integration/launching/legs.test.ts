/** Real Postgres, real processes, the scripted trainer. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { readConfig } from '../../../src/composition/config.ts'
import { composeDispatcher } from '../../../src/composition/launch.ts'
import { UNTRACED } from '../../../src/composition/tracing.ts'
import type { Run } from '../../../src/domain/run.ts'
import { askFor } from '../../../src/domain/run-verbs.ts'
import { createLegOrders } from '../../../src/services/runs/leg-orders.ts'
import { createFolderStore } from '../../../src/storage/objects/folder-store.ts'
import type { FakeScript } from '../../helpers/fake-trainer.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench } from '../tasks/workbench.ts'

const skip = await whyNoPostgres()
const WORKER = join(import.meta.dirname, '../../helpers/worker-process.ts')
const SHORT: FakeScript = { totalSteps: 10, stepMs: 1, checkpointEverySteps: 5 }
const LONG: FakeScript = { totalSteps: 6000, stepMs: 10, checkpointEverySteps: 10 }

async function setUp(t: TestContext) {
  const cleanUps: (() => Promise<void>)[] = []
  const bench = await createWorkbench({ after: (cleanUp) => void cleanUps.push(cleanUp) })
  const environment = {
    DATABASE_URL: bench.url,
    KAPPA_DATA: bench.root,
    KAPPA_SCRATCH: join(bench.root, 'work'),
    KAPPA_LEASE_S: '3',
    KAPPA_LOADERS: '1'
  }
  const workers: ChildProcess[] = []
  t.after(async () => {
    for (const worker of workers)
      if (worker.exitCode === null && worker.signalCode === null) await end(worker, 'SIGKILL')
    for (const cleanUp of cleanUps) await cleanUp()
  })
  return {
    bench,
    environment,
    async addRun(script: FakeScript, patch: Partial<Run> = {}): Promise<Run> {
      const run = await bench.addRun(script, patch)
      const objects = createFolderStore({ root: join(bench.root, 'objects'), signingKey: 'key', baseUrl: 'http://x' })
      for (const [key, bytes] of bench.objects.content) await objects.put(key, bytes)
      return run
    },
    startWorker(run: Run, more: Readonly<Record<string, string>> = {}): ChildProcess {
      const worker = fork(WORKER, [JSON.stringify({ ...environment, KAPPA_WORKER_RUN: run.id, ...more })])
      workers.push(worker)
      return worker
    }
  }
}

async function end(worker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(worker, 'exit')
  worker.kill(signal)
  await exited
}

async function exitOf(worker: ChildProcess): Promise<number | null> {
  if (worker.exitCode === null) await once(worker, 'exit')
  return worker.exitCode
}

async function until(what: string, holds: () => boolean | Promise<boolean>, withinS = 120): Promise<void> {
  const deadline = performance.now() + withinS * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a worker for one run trains its leg, takes nothing else and ends', { skip }, async (t) => {
  const { bench, addRun, startWorker } = await setUp(t)
  const [run, other] = [await addRun(SHORT), await addRun(SHORT)]
  const worker = startWorker(run, { KAPPA_WORKER_EPOCH: '1' })
  assert.equal(await exitOf(worker), 0)
  assert.equal((await bench.load(run)).status, 'succeeded')
  assert.equal((await bench.load(other)).status, 'queued')
})

test('a worker that finds no leg ends, and has changed nothing', { skip }, async (t) => {
  const { bench, addRun, startWorker } = await setUp(t)
  const [cancelled, atLaterEpoch] = [
    await addRun(SHORT, { status: 'cancelled' }),
    await addRun(SHORT, { leaseEpoch: 4 })
  ]
  const before = [await bench.load(cancelled), await bench.load(atLaterEpoch)]
  const workers = [startWorker(cancelled), startWorker(atLaterEpoch, { KAPPA_WORKER_EPOCH: '4' })]
  assert.deepEqual(await Promise.all(workers.map(exitOf)), [0, 0])
  assert.deepEqual([await bench.load(cancelled), await bench.load(atLaterEpoch)], before)
})

test('a worker for one leg that is told to end hands it back with a checkpoint', { skip }, async (t) => {
  const { bench, addRun, startWorker } = await setUp(t)
  const run = await addRun(LONG)
  const worker = startWorker(run)
  await until('it trains', async () => (await bench.completeCheckpoints(run)).length > 0)
  await end(worker, 'SIGTERM')
  assert.equal(worker.exitCode, 0)
  const { status, statusReason, failures } = await bench.load(run)
  assert.deepEqual([status, statusReason, failures], ['queued', 'preempted', []])
})

test('a worker that trains nothing takes lost runs back, and leaves them to others', { skip }, async (t) => {
  const { bench, addRun, startWorker } = await setUp(t)
  const lost = { status: 'running', leaseEpoch: 1, leaseWorker: 'gone', leaseExpiresAt: new Date(0), leg: 1 } as const
  const run = await addRun(SHORT, lost)
  const compute = { ...run.compute, device: 'gpu', devices: 4 } as const
  const waiting = await addRun(SHORT, { compute })
  startWorker(run, { KAPPA_WORKER_RUN: '', KAPPA_WORKER_RUNS: '0' })
  await until('it is queued', async () => (await bench.load(run)).status === 'queued')
  await until('both have jobs', async () => (await openJobs(bench.url)).length === 2)
  assert.deepEqual([(await bench.load(run)).statusReason, (await bench.load(run)).leaseEpoch], ['worker_lost', 2])
  assert.equal((await bench.load(waiting)).statusReason, 'waiting_for_worker', 'nobody said that it lacks something')
})

test('the dispatcher has waiting legs trained by workers of this machine, and a cancelled one stopped', {
  skip
}, async (t) => {
  const { bench, environment, addRun } = await setUp(t)
  const [short, long] = [await addRun(SHORT), await addRun(LONG)]
  const config = readConfig({ ...environment, KAPPA_LAUNCH_MAX: '2' })
  const env = { ...process.env, ...environment }
  const { run, close } = await composeDispatcher(config, silentLogger, {
    tracing: UNTRACED,
    env,
    output: () => {},
    workerEntry: WORKER
  })
  const stopping = new AbortController()
  const running = run(stopping.signal)
  t.after(async () => {
    stopping.abort()
    await running
    await close()
  })
  await until('the short one has ended', async () => (await bench.load(short)).status === 'succeeded')
  await until('the long one trains', async () => (await bench.load(long)).status === 'running')
  assert.deepEqual(await openJobs(bench.url), [], 'nobody else looks at legs that are worked on')
  const asked = askFor('cancel', await bench.load(long), new Date())
  assert.ok(asked)
  await bench.unitOfWork((tx) => tx.runs.update(long.id, asked))
  await until('the long one has ended', async () => (await bench.load(long)).status === 'cancelled')
})

async function openJobs(url: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const open = `select singleton_key from pgboss.job where name = 'run-leg' and state in ('created', 'retry', 'active')`
  const { rows } = await client.query(open)
  await client.end()
  return rows
}

test('what became of a launch is an event of the run, once, and as long as its leg waits', { skip }, async (t) => {
  const { bench, addRun } = await setUp(t)
  const run = await addRun(SHORT, { leaseEpoch: 2 })
  const orders = createLegOrders({ ...bench, dueKeys: async () => [{ runId: run.id, key: `${run.id}:2` }] })
  const [leg] = await orders.listDue()
  assert.deepEqual([leg?.runId, leg?.epoch], [run.id, 3])
  assert.ok(leg && leg.hostBytes.cpu > 2 ** 31 && leg.deviceBytes > 0)
  for (const about of ['a', 'a', 'b']) await orders.tell(leg, about, `told of ${about}`)
  await orders.tell({ ...leg, epoch: 2 }, 'c', 'of another epoch')
  assert.equal((await bench.load(run)).statusReason, 'launch_failed')
  const messages = (await bench.eventsOf(run, 'message')).map(({ data }) => data['message'])
  assert.deepEqual(messages, ['told of a', 'told of b'])
  assert.equal((await bench.eventsOf(run, 'state')).length, 1)
  // Bytes of a container that died: refused by the database they would be tried again for ever, before every other leg.
  await orders.tell(leg, 'd', `exit code 1: \0\ud800${'x'.repeat(5000)}`)
  const last = (await bench.eventsOf(run, 'message')).at(-1)?.data['message']
  assert.match(String(last), /^exit code 1: \ufffd\ufffdx{900,1000}$/)
  assert.deepEqual(await Promise.all([2, 3, 4].map((epoch) => orders.fateOf({ runId: run.id, epoch }))), [
    'ended',
    'waiting',
    'over'
  ])
  await bench.unitOfWork((tx) => tx.runs.update(run.id, { status: 'paused' }))
  assert.equal(await orders.fateOf(leg), 'over')
  assert.deepEqual(await orders.listDue(), [])
  assert.equal(await orders.fateOf({ runId: 'run_none', epoch: 1 }), 'over')
})
