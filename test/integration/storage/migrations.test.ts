import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Client, Pool } from 'pg'
import { createSchemaCheck, migrate } from '../../../src/storage/postgres/migrate.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { startPostgresServer } from '../../helpers/postgres-server.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../migrations')
const COLUMNS = [
  'project_id',
  'dataset_id',
  'dataset_version',
  'recipe',
  'checkpoint',
  'alarms',
  'metadata',
  'status',
  'desired',
  'lease_epoch',
  'leg',
  'attempt',
  'progress',
  'created_at'
]

const skip = await whyNoPostgres()

describe('migrations', () => {
  test('are applied once, when many processes start together', { skip }, async (t) => {
    const server = await startPostgresServer()
    t.after(() => server.stop())
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(server.url)))
    assert.equal(applied.filter((names) => names.length > 0).length, 1)
    assert.deepEqual(await migrate(server.url), [])
  })

  test('give runs of before a number of devices, and the kind of device that cuda was to mean', {
    skip
  }, async (t) => {
    const server = await startPostgresServer()
    const client = new Client({ connectionString: server.url })
    t.after(async () => {
      await client.end()
      await server.stop()
    })
    await client.connect()
    const sql = (name: string) => readFileSync(join(MIGRATIONS, name), 'utf8')
    const before = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql') && name < '0002')
    for (const name of before.sort()) await client.query(sql(name))
    // Nothing but the column is looked at.
    await client.query(`alter table runs ${COLUMNS.map((name) => `alter ${name} drop not null`).join(', ')}`)
    const insert = 'insert into runs (id, compute) values ($1, $2)'
    const old = { maxRuntimeS: 60, priority: 3 }
    await client.query(insert, ['run_a', { device: 'cuda', ...old }])
    await client.query(insert, ['run_b', { device: 'any', ...old }])
    await client.query(sql('0002_devices_of_runs.sql'))
    const { rows } = await client.query('select compute, engine from runs order by id')
    assert.deepEqual(rows, [
      { compute: { device: 'gpu', devices: 1, ...old }, engine: null },
      { compute: { device: 'any', devices: 1, ...old }, engine: null }
    ])
  })

  test('leave every table with its project', { skip }, async (t) => {
    const client = new Client({ connectionString: await createTestDatabase(t) })
    await client.connect()
    const { rows } = await client.query(`
      select table_name from information_schema.tables t
      where table_schema = 'public' and table_name <> 'projects' and not exists (
        select from information_schema.columns c
        join information_schema.key_column_usage k using (table_schema, table_name, column_name)
        join information_schema.table_constraints f using (table_schema, table_name, constraint_name)
        where c.table_schema = t.table_schema and c.table_name = t.table_name
          and c.column_name = 'project_id' and c.is_nullable = 'NO' and f.constraint_type = 'FOREIGN KEY')`)
    await client.end()
    assert.deepEqual(rows, [])
  })

  test('wait for a table that is read for moments only, and are done when it is free', { skip }, async (t) => {
    const server = await startPostgresServer()
    const [reader, other] = [1, 2].map(() => new Client({ connectionString: server.url })) as [Client, Client]
    t.after(async () => {
      for (const client of [reader, other]) await client.end()
      await server.stop()
    })
    for (const client of [reader, other]) await client.connect()
    await migrate(server.url)
    // As if the last migration were still to come.
    const [newest] = (await reader.query('select max(created_at) as at from drizzle.__drizzle_migrations')).rows
    await reader.query('delete from drizzle.__drizzle_migrations where created_at = $1', [newest.at])
    await reader.query('drop table removals')
    await reader.query('drop index dataset_uploads_unfinished')
    await reader.query('alter table checkpoints drop keep')
    const dropped = readFileSync(join(MIGRATIONS, '0009_removals.sql'), 'utf8').matchAll(
      /ALTER TABLE "(\w+)" DROP CONSTRAINT "(\w+)"/g
    )
    for (const [, table, name] of dropped)
      await reader.query(`alter table ${table} add constraint ${name} check (true)`)
    await reader.query('begin')
    await reader.query('select count(*) from evaluations')
    let tries = 0
    const clock = {
      now: () => 0,
      sleep: async () => {
        tries++
        // Whoever came later was let through, and what was tried has left nothing.
        await other.query('select count(*) from evaluations')
        assert.equal((await other.query("select to_regclass('removals') as there")).rows[0].there, null)
        if (tries === 2) await reader.query('commit')
      }
    }
    assert.deepEqual(await migrate(server.url, { clock }), ['0009_removals'])
    assert.equal(tries, 2)
  })

  test('that are missing are named, until they have been applied', { skip }, async (t) => {
    const server = await startPostgresServer()
    const pool = new Pool({ connectionString: server.url, max: 1 })
    t.after(async () => {
      await pool.end()
      await server.stop()
    })
    const check = createSchemaCheck(pool)
    const outdated = { code: 'schema_outdated', message: /lacks 0000_tables, .*0009_removals: npm run migrate/ }
    await assert.rejects(check(), outdated)
    await migrate(server.url)
    await check()
    await pool.query('drop schema drizzle cascade')
    await check() // what was there once is there
    await assert.rejects(createSchemaCheck(pool)(), outdated)
  })
})
