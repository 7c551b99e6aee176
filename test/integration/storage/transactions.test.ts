import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { createStores, createUnitOfWork } from '../../../src/storage/postgres/unit-of-work.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { startPostgresServer } from '../../helpers/postgres-server.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aProjectWithDataset, aRun, aStoredRun, later, NOW } from './records.ts'

const isUnavailable = (error: unknown) => isAppError(error, 'database_unavailable')

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`transactions on ${name}`, { skip })
    continue
  }
  const { stores, unitOfWork, boss, database } = await openBench({ after }, open)
  const waitingJobs = async (key: string) => (await boss.findJobs('run-leg', { key })).length

  describe(`a unit of work on ${name}`, () => {
    test('leaves everything, the job included', async () => {
      const { dataset } = await aProjectWithDataset(stores)
      const run = aRun(dataset)
      await unitOfWork(async (tx) => {
        await tx.runs.insert(run)
        await tx.events.append(run.id, [{ type: 'state', level: 'info', data: {} }], NOW)
        await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: run.id })
        // Nobody else sees it yet. (The embedded database makes others wait, so they are asked only on the server.)
        if (name === 'PostgreSQL') assert.equal(await stores.runs.load(run.id), null)
      })
      assert.deepEqual(await stores.runs.load(run.id), run)
      assert.equal(await waitingJobs(run.id), 1)
    })

    test('that throws leaves nothing, no job either', async () => {
      const { dataset } = await aProjectWithDataset(stores)
      const run = aRun(dataset)
      const work = unitOfWork(async (tx) => {
        await tx.runs.insert(run)
        await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: run.id })
        throw new Error('a service changed its mind')
      })
      await assert.rejects(work, /changed its mind/)
      assert.equal(await stores.runs.load(run.id), null)
      assert.equal(await waitingJobs(run.id), 0)
    })

    test('gives event numbers of a rolled back append to the next', async () => {
      const run = await aStoredRun(stores)
      const event = { type: 'message', level: 'info', data: {} } as const
      const work = unitOfWork(async (tx) => {
        await tx.events.append(run.id, [event, event], NOW)
        throw new Error('no')
      })
      await assert.rejects(work, /no/)
      assert.equal((await stores.events.append(run.id, [event], NOW))[0]?.seq, 1)
    })

    test('makes writers of one locked run wait for each other', async () => {
      const run = await aStoredRun(stores, { leg: 0 })
      const raiseLeg = () =>
        unitOfWork(async (tx) => {
          const locked = await tx.runs.load(run.id, { lock: true })
          await tx.runs.update(run.id, { leg: (locked?.leg ?? 0) + 1 })
        })
      await Promise.all(Array.from({ length: 12 }, raiseLeg))
      assert.equal((await stores.runs.load(run.id))?.leg, 12)
    })

    test('lets a dataset be removed or a run be inserted on it, not both', async () => {
      for (let round = 0; round < 10; round++) {
        const { projectId, dataset } = await aProjectWithDataset(stores)
        const run = aRun(dataset)
        const remove = unitOfWork(async (tx) => {
          await tx.datasets.remove(projectId, dataset.id)
          if ((await tx.uses.ofDataset(dataset.id)).runs.length > 0) throw new Error('in use')
        })
        const insert = unitOfWork((tx) => tx.runs.insert(run))
        await Promise.allSettled([remove, insert])
        const [dataset_, run_] = await Promise.all([
          stores.datasets.find(projectId, dataset.id),
          stores.runs.load(run.id)
        ])
        assert.equal(dataset_ === null, run_ === null, 'a run has its dataset, and a removed dataset has no run')
      }
    })

    test('is not disturbed by as many others as there are connections and more', async () => {
      const run = await aStoredRun(stores)
      await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          unitOfWork(async (tx) => {
            await tx.metrics.write(run.id, [{ step: i, key: 'loss', value: i }])
            await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: `${run.id}/${i}` })
          })
        )
      )
      const [series] = await stores.metrics.read(run.id, { keys: null, fromStep: null, toStep: null, maxPoints: 99 })
      assert.equal(series?.steps.length, 30)
      assert.equal(database.pool.waitingCount, 0)
    })

    test('of a worker whose lease is lost writes nothing', async () => {
      const run = await aStoredRun(stores)
      await stores.runs.claim(run.id, 'a', later(1000), NOW)
      await stores.runs.claim(run.id, 'b', later(5000), later(2000))
      const stillOurs = await unitOfWork(async (tx) => {
        if (!(await tx.runs.updateUnderLease({ runId: run.id, epoch: 1 }, { etaS: 5 }))) return false
        await tx.metrics.write(run.id, [{ step: 1, key: 'loss', value: 1 }])
        return true
      })
      assert.equal(stillOurs, false)
      assert.equal((await stores.runs.load(run.id))?.etaS, null)
    })
  })
}

describe('a database that goes away', { skip: await whyNoPostgres() }, () => {
  test('is database_unavailable while it is gone and works again when it is back', async (t) => {
    const server = await startPostgresServer()
    await migrate(server.url)
    const database = createDatabase({ url: server.url, max: 3, statementTimeoutMs: 60_000 })
    const logger = silentLogger
    const boss = await startBoss({ url: server.url, max: 1, name: 'test', supervise: false, logger })
    t.after(async () => {
      await boss.stop({ graceful: false })
      await database.close()
      await server.stop()
    })
    const queue = createJobQueue(boss)
    const stores = createStores(database, queue)
    const unitOfWork = createUnitOfWork(database, queue)
    const { dataset } = await aProjectWithDataset(stores)
    const lost = aRun(dataset)

    const interrupted = unitOfWork(async (tx) => {
      await tx.runs.insert(lost)
      await server.crash()
      await tx.events.append(lost.id, [{ type: 'state', level: 'info', data: {} }], NOW)
    })
    await assert.rejects(interrupted, isUnavailable)
    await assert.rejects(database.check(), isUnavailable)
    await assert.rejects(stores.runs.load(lost.id), isUnavailable)
    await assert.rejects(
      unitOfWork(async () => {}),
      isUnavailable
    )
    await assert.rejects(migrate(server.url), isUnavailable)

    await server.start()
    await database.check()
    assert.equal(await stores.runs.load(lost.id), null)
    const run = aRun(dataset)
    await unitOfWork(async (tx) => {
      await tx.runs.insert(run)
      await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: run.id })
    })
    assert.deepEqual(await stores.runs.load(run.id), run)
  })

  test('that was never there is database_unavailable', async () => {
    const database = createDatabase({ url: 'postgres://127.0.0.1:1/none', max: 1, statementTimeoutMs: 1000 })
    await assert.rejects(database.check(), isUnavailable)
    await database.close()
  })

  test('that takes too long is database_unavailable', async (t) => {
    const bench = await openBench(t, CANDIDATES[0]!.open)
    // Only the statement that has to fail is in a hurry: a busy machine takes longer than this for any of them.
    const database = createDatabase({ url: bench.url, max: 1, statementTimeoutMs: 50 })
    t.after(() => database.close())
    const hurried = createStores(database, bench.queue)
    const run = await aStoredRun(bench.stores)
    const holder = await bench.database.pool.connect()
    await holder.query('begin')
    await holder.query('select 1 from runs where id = $1 for update', [run.id])
    await assert.rejects(hurried.runs.update(run.id, { leg: 5 }), isUnavailable)
    await holder.query('rollback')
    holder.release()
    await bench.stores.runs.update(run.id, { leg: 5 })
  })

  test('has a name for nothing else: a bug stays a bug', async (t) => {
    const { stores } = await openBench(t, CANDIDATES[0]!.open)
    const run = await aStoredRun(stores)
    await assert.rejects(stores.runs.insert(run), (error) => !isAppError(error) && /runs_pkey/.test(String(error)))
    await assert.rejects(
      stores.runs.insert({ ...run, id: newId('run'), status: null as never }),
      (error) => !isAppError(error)
    )
  })
})

expectNoLeaks({ after })
