/** The role that requests act as: on both databases, for logins that may make roles and for those that may not. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { isAppError } from '../../../src/base/errors.ts'
import { createDatabase } from '../../../src/storage/postgres/client.ts'
import { createSchemaCheck, migrate } from '../../../src/storage/postgres/migrate.ts'
import { createReachOf, createStores } from '../../../src/storage/postgres/unit-of-work.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { startPostgresServer } from '../../helpers/postgres-server.ts'
import { CANDIDATES, openBench } from './databases.ts'
import { aProjectWithDataset, aRun, aStoredRun } from './records.ts'

for (const { name, skip, open } of CANDIDATES) {
  if (skip) {
    test(`requests on ${name}`, { skip })
    continue
  }
  const { stores, database, queue, boss } = await openBench({ after }, open)
  const reachOf = createReachOf(database, queue)

  describe(`requests on ${name}`, () => {
    test('every table of projects has the policy, and no more than that', async () => {
      const { rows } = await database.pool.query(`
        select relname as name, relrowsecurity as secured, relforcerowsecurity as forced,
               array_agg(pg_get_expr(polqual, pg_class.oid)) as conditions,
               bool_or(polwithcheck is not null or polcmd <> '*' or not polpermissive) as other
        from pg_class join pg_attribute on attrelid = pg_class.oid and attname = 'project_id' and not attisdropped
        left join pg_policy on polrelid = pg_class.oid
        where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace group by 1, 2, 3`)
      assert.ok(rows.length > 15)
      for (const { name: table, conditions, ...rest } of rows) {
        assert.deepEqual(rest, { secured: true, forced: false, other: false }, table)
        assert.equal(conditions.length, 1, table)
        assert.match(conditions[0], /^\(project_id = \( SELECT current_setting\('kappa\.project'::text, true\)/, table)
      }
    })

    test('see their own project, in a transaction and without one', async () => {
      const [mine, theirs] = [await aStoredRun(stores), await aStoredRun(stores)]
      const { unitOfWork, stores: own } = reachOf(mine.projectId)
      assert.notEqual(mine.projectId, theirs.projectId)
      const look = async (from: typeof stores) => [await from.runs.load(mine.id), await from.runs.load(theirs.id)]
      assert.deepEqual(await look(own), [mine, null])
      assert.deepEqual(await unitOfWork(look), [mine, null])
      assert.deepEqual(await look(stores), [mine, theirs], 'workers see every run')
    })

    test('queue jobs in their transactions, though the queue is none of their role', async () => {
      const { dataset } = await aProjectWithDataset(stores)
      const run = aRun(dataset)
      await reachOf(run.projectId).unitOfWork(async (tx) => {
        await tx.runs.insert(run)
        await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: run.id, project: run.projectId })
        assert.deepEqual(await tx.jobs.withJob([run.id]), [run.id])
        await tx.jobs.enqueue('run-leg', { runId: run.id }, { key: `${run.id}:1`, project: run.projectId })
        await tx.jobs.dequeue('run-leg', `${run.id}:1`)
        assert.deepEqual(await tx.jobs.withJob([`${run.id}:1`]), [])
        await tx.events.append(run.id, [{ type: 'state', level: 'info', data: {} }], new Date())
      })
      assert.equal((await boss.findJobs('run-leg', { key: run.id })).length, 1)
      assert.deepEqual(await reachOf(run.projectId).stores.runs.load(run.id), { ...run })
    })
  })
}

const skipped = await whyNoPostgres()
/** Its own: roles are the server's, and here they come and go. */
const server = skipped ? null : await startPostgresServer()
after(() => server?.stop())

describe('a login that is no superuser', { skip: skipped }, () => {
  /** A database of a login of its own; when the test ends neither is there any more, and no role for requests either. */
  async function aDatabase(t: TestContext, rights: string) {
    const admin = new Client({ connectionString: server!.url })
    await admin.connect()
    await admin.query(`create role kappa login ${rights}`)
    await admin.query('create database kappa owner kappa')
    const as = (user: string) => Object.assign(new URL(server!.url), { username: user, pathname: '/kappa' }).href
    t.after(async () => {
      await admin.query('drop database kappa with (force)')
      await admin.query('drop role if exists kappa_request, api, kappa')
      await admin.end()
    })
    return { admin, url: as('kappa'), as }
  }

  async function checked(t: TestContext, url: string) {
    const database = createDatabase({ url, max: 2, statementTimeoutMs: 10_000 })
    t.after(() => database.close())
    await createSchemaCheck(database.pool)()
    return database
  }

  const noJobs = { through: () => ({ enqueue: async () => {}, dequeue: async () => {}, withJob: async () => [] }) }

  async function assertHolds(t: TestContext, url: string): Promise<void> {
    const database = await checked(t, url)
    const stores = createStores(database, noJobs)
    const [mine, theirs] = [await aStoredRun(stores), await aStoredRun(stores)]
    const { stores: own } = createReachOf(database, noJobs)(mine.projectId)
    assert.equal((await own.runs.load(mine.id))?.id, mine.id)
    assert.equal(await own.runs.load(theirs.id), null)
    assert.equal((await stores.runs.load(theirs.id))?.id, theirs.id)
  }

  test('and may make roles makes this one itself', async (t) => {
    const { url } = await aDatabase(t, 'createrole')
    await migrate(url)
    await assertHolds(t, url)
    assert.deepEqual(await migrate(url), [])
  })

  test('and may not is told what an administrator has to say, and goes on once it was said', async (t) => {
    const { admin, url } = await aDatabase(t, '')
    const said = await migrate(url).catch((error: unknown) => error)
    assert.ok(isAppError(said, 'schema_outdated'), String(said))
    const statements = /create role .*$/.exec(said.message)?.[0] ?? assert.fail(said.message)
    await admin.query(statements)
    await migrate(url)
    await assertHolds(t, url)
  })

  test('and does not own the tables is not ready, until it is a member of who does', async (t) => {
    const { admin, url, as } = await aDatabase(t, 'createrole')
    await migrate(url)
    await admin.query('create role api login')
    const owner = new Client({ connectionString: url })
    await owner.connect()
    await owner.query('grant usage on schema drizzle to api')
    await owner.query('grant select on all tables in schema drizzle to api')
    await owner.end()
    await assert.rejects(checked(t, as('api')), /may not act as kappa_request/)
    await admin.query('grant kappa_request to api')
    await assert.rejects(checked(t, as('api')), /does not own Kappa's tables/)
    await admin.query('grant kappa to api')
    await assertHolds(t, as('api'))
  })

  test('finds the role again in a dump that was restored where there is none', async (t) => {
    const { admin, url } = await aDatabase(t, 'createrole')
    await migrate(url)
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query('drop owned by kappa_request')
    await client.end()
    await admin.query('drop role kappa_request')
    await assert.rejects(checked(t, url), /may not act as kappa_request: npm run migrate/)
    assert.deepEqual(await migrate(url), [])
    await assertHolds(t, url)
  })
})
