/** Row-level security, behind the conditions of every statement: what holds when one forgets whose rows it wants. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { ACCESS, isOperationId } from '../../../src/http/core/access.ts'
import { OF_ANY_PROJECT } from '../../../src/http/core/reach.ts'
import { bound } from '../../../src/storage/postgres/bound-query.ts'
import { createReachOf } from '../../../src/storage/postgres/unit-of-work.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { exampleBody, listOperations } from './every-operation.ts'
import { aTenant, BODIES, NUMBERS, OF_PATH, type Tenant } from './tenants.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const owner = skip ? (undefined as unknown as Tenant) : await aTenant(api, 'owner')
const stranger = skip ? (undefined as unknown as Tenant) : await aTenant(api, 'stranger')

const NEVER_CHANGED = 'audit_entries'

/** What no request of `aTenant` leaves behind. */
async function fill({ project, run, evaluation }: Tenant): Promise<void> {
  const at = new Date()
  await api.stores.metrics.write(run, [{ key: 'loss', step: 1, value: 3 }])
  const { pool } = api.database
  await pool.query("insert into ground_truths values ($1, $2, '{}')", [evaluation, project])
  await pool.query("insert into idempotency_records values ($1, 'POST /', 'key', 'hash', '{}', $2)", [project, at])
  const tries = 'insert into job_tries (subject, project_id, failures, changed_at) values ($1, $2, $3, $4)'
  await pool.query(tries, [evaluation, project, '[]', at])
  await pool.query("insert into project_rates values ($1, 'requests', $2)", [project, at])
  const rollup = [run, 'loss', 16, 0, 3, 1, 3, 1, project]
  await pool.query('insert into run_metric_rollups values ($1, $2, $3, $4, $5, $6, $7, $8, $9)', rollup)
  const removal = { projectId: project, what: 'run', subject: run, prefix: `runs/${run}/`, multipartId: null } as const
  await api.stores.removals.add([removal], at)
}

/** Everything that belongs to projects, whatever the schema has today. */
async function tablesOfProjects(): Promise<readonly string[]> {
  const { rows } = await api.database.pool.query<{ name: string }>(
    `select table_name as name from information_schema.columns
     where table_schema = 'public' and column_name = 'project_id' order by 1`
  )
  return rows.map(({ name }) => name)
}

const tables = skip ? [] : await tablesOfProjects()
if (!skip) for (const tenant of [owner, stranger]) await fill(tenant)

describe('a statement that names no project, for a request', { skip }, () => {
  const asStranger = (text: string, values?: unknown[]) =>
    bound(api.database.pool, stranger.project).query(text, values)

  for (const table of tables) {
    test(`sees and changes its own rows of ${table}, and adds none to others`, async () => {
      const { rows } = await api.database.pool.query(`select project_id, to_json(${table}) as row from ${table}`)
      const rowsOf = ({ project }: Tenant) => rows.filter((row) => row.project_id === project)
      assert.ok(rowsOf(owner).length > 0 && rowsOf(stranger).length > 0, `nobody has a row of ${table}`)

      const seen = await asStranger(`select project_id from ${table}`)
      assert.deepEqual(new Set(seen.rows.map((row) => row.project_id)), new Set([stranger.project]))
      assert.equal(seen.rows.length, rowsOf(stranger).length)

      const insert = `insert into ${table} select * from json_populate_record(null::${table}, $1)`
      await assert.rejects(asStranger(insert, [rowsOf(owner)[0].row]), /row-level security/)
      if (table === NEVER_CHANGED) {
        await assert.rejects(asStranger(`update ${table} set project_id = project_id`), /permission denied/)
        await assert.rejects(asStranger(`delete from ${table}`), /permission denied/)
        return
      }
      const touched = await asStranger(`update ${table} set project_id = project_id`)
      assert.equal(touched.rowCount, rowsOf(stranger).length)
      await assert.rejects(asStranger(`update ${table} set project_id = $1`, [owner.project]), /row-level security/)
      assert.equal((await asStranger(`delete from ${table} where project_id <> $1`, [stranger.project])).rowCount, 0)
    })
  }

  test('finds nothing where the request has no project at all', async () => {
    for (const table of tables) {
      const { rowCount } = await bound(api.database.pool, '').query(`select from ${table}`)
      assert.equal(rowCount, 0, table)
    }
  })
})

test("what workers do with any project, a request's unit of work does with its own alone", { skip }, async () => {
  const noJobs = { through: () => ({ enqueue: async () => {}, dequeue: async () => {}, withJob: async () => [] }) }
  const { unitOfWork, stores } = createReachOf(api.database, noJobs)(stranger.project)
  const before = await api.stores.runs.load(owner.run)
  for (const through of [(work: (tx: typeof stores) => Promise<void>) => work(stores), unitOfWork]) {
    await through(async (tx) => {
      assert.equal((await tx.runs.load(stranger.run))?.id, stranger.run)
      assert.equal(await tx.runs.load(owner.run), null)
      await tx.runs.update(owner.run, { desired: 'cancel' })
      await tx.runs.remove(owner.run)
      assert.equal(await tx.runs.claim(owner.run, 'w', new Date(), new Date()), null)
      assert.deepEqual(await tx.events.list(owner.run, 0, 10), [])
      assert.deepEqual(await tx.metrics.read(owner.run, { keys: null, fromStep: null, toStep: null, maxPoints: 9 }), [])
      await tx.metrics.removeAfter(owner.run, 0)
      assert.equal(await tx.checkpoints.load(owner.checkpoint), null)
      assert.equal(await tx.evaluations.load(owner.evaluation), null)
      assert.equal(await tx.datasets.loadVersion(owner.dataset, 1), null)
    })
    await assert.rejects(
      through((tx) => tx.metrics.write(owner.run, [{ key: 'loss', step: 2, value: 0 }])),
      /run_not_found|no such run/i
    )
  }
  assert.deepEqual(await api.stores.runs.load(owner.run), before)
  const options = { keys: null, fromStep: null, toStep: null, maxPoints: 9 }
  assert.deepEqual(await api.stores.metrics.read(owner.run, options), [{ key: 'loss', steps: [1], values: [3] }])
})

test('leaves nothing on the connection that the next one is given, after an answer and after an error', {
  skip
}, async () => {
  const { pool } = api.database
  const client = await pool.connect()
  try {
    const state = "select current_user as me, current_setting('kappa.project', true) as project"
    const { rows: before } = await client.query('select current_user as me')
    const asked = bound(client, stranger.project)
    assert.deepEqual((await asked.query(state)).rows, [{ me: 'kappa_request', project: stranger.project }])
    assert.deepEqual((await client.query(state)).rows, [{ me: before[0].me, project: '' }])
    await assert.rejects(asked.query('select 1 / 0'), /division by zero/)
    assert.deepEqual((await client.query(state)).rows, [{ me: before[0].me, project: '' }])
    await client.query('begin')
    await asked.query('select 1')
    // What is of any project is asked in the same transaction, and does not change whose the next one is.
    assert.equal((await bound(client, null).query(state)).rows[0].me, before[0].me)
    assert.equal((await bound(client, owner.project).query(state)).rows[0].project, owner.project)
    await client.query('commit')
    assert.deepEqual((await client.query(state)).rows, [{ me: before[0].me, project: '' }])
  } finally {
    client.release()
  }
  const projects = [owner.project, stranger.project]
  const answers = Array.from({ length: 200 }, async (_, i) => {
    const project = projects[i % 2]!
    const { rows } = await bound(pool, project).query('select distinct project_id from runs')
    assert.deepEqual(rows, [{ project_id: project }])
  })
  await Promise.all(answers)
})

/** What a policy is put in place of, to see who asks through it. */
const closeAll = async (): Promise<void> => {
  for (const table of tables) await api.database.pool.query(`alter policy own_project on ${table} using (false)`)
}

// The last: nothing is there any more after it.
test('every request goes through it: with policies that let nothing pass, nothing is found', { skip }, async () => {
  await closeAll()
  const operations = listOperations(api).filter(
    ({ id, method, template }) =>
      isOperationId(id) && !['public', 'signature'].includes(ACCESS[id]) && (method === 'GET' || template.includes('{'))
  )
  assert.ok(operations.length > 60)
  for (const operation of operations) {
    const { id, method, template } = operation
    // Of the installation, and of no project.
    if (id === 'listWorkers' || (isOperationId(id) && OF_ANY_PROJECT.has(id) && id !== 'listProjectKeys')) continue
    const collection = template.split('/')[2]
    const url = template.replaceAll(
      /\{(\w+)\}/g,
      (_, name: string) => NUMBERS[name] ?? OF_PATH[`${collection} ${name}`]?.(owner) ?? assert.fail(`what is ${name}?`)
    )
    const query = id === 'getEvaluationReport' ? `?id=${owner.evaluation}` : ''
    const body = BODIES[id] ?? exampleBody(api, operation, owner)
    const { status, text } = await api.call(method, `${url}${query}`, { key: owner.key, ...(body && { body }) })
    if (status === 200) assert.deepEqual(JSON.parse(text).data, [], `${id}: ${text}`)
    else assert.equal(status, 404, `${id}: ${text}`)
  }
})
