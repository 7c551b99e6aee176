import assert from 'node:assert/strict'
import { once } from 'node:events'
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

  test('number the models of before by name, in the order in which they were made', { skip }, async (t) => {
    const server = await startPostgresServer()
    const client = new Client({ connectionString: server.url })
    t.after(async () => {
      await client.end()
      await server.stop()
    })
    await client.connect()
    const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'))
    const sql = (name: string) => readFileSync(join(MIGRATIONS, name), 'utf8')
    const numbering = '0009_lineage_and_names.sql'
    for (const name of files.filter((file) => file < numbering).sort()) await client.query(sql(name))
    await client.query("insert into projects (id, name, created_at) values ('p', 'p', now()), ('q', 'q', now())")
    for (const [id, project, name] of [
      ['m1', 'p', 'shoes'],
      ['m2', 'q', 'shoes'],
      ['m3', 'p', null],
      ['m4', 'p', 'shoes'],
      ['m5', 'p', 'bags']
    ]) {
      const values = "0, 'ready', '', '[]', now()"
      const text = `insert into models (id, project_id, name, step, status, prefix, files, created_at) values ($1, $2, $3, ${values})`
      await client.query(text, [id, project, name])
    }
    await client.query(sql(numbering))
    const versions = await client.query('select id, version from models order by id')
    assert.deepEqual(
      versions.rows.map(({ version }) => version),
      [1, 1, null, 2, 1]
    )
    const names = await client.query('select project_id, name, last_version from model_names order by 1, 2')
    assert.deepEqual(
      names.rows.map((row) => Object.values(row)),
      [
        ['p', 'bags', 1],
        ['p', 'shoes', 2],
        ['q', 'shoes', 1]
      ]
    )
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
    await reader.query('drop table model_aliases, model_names')
    await reader.query('alter table models drop version')
    await reader.query('alter table runs drop forked_from, drop extensions')
    await reader.query('begin')
    await reader.query('select count(*) from runs')
    let tries = 0
    const clock = {
      now: () => 0,
      sleep: async () => {
        tries++
        // Whoever came later was let through, and what was tried has left nothing.
        await other.query('select count(*) from runs')
        await assert.rejects(other.query('select forked_from from runs'), /does not exist/)
        if (tries === 2) await reader.query('commit')
      }
    }
    assert.deepEqual(await migrate(server.url, { clock }), ['0009_lineage_and_names'])
    assert.equal(tries, 2)
  })

  test('that are missing are named, until they have been applied', { skip }, async (t) => {
    const server = await startPostgresServer()
    const pool = new Pool({ connectionString: server.url, max: 1 })
    t.after(async () => {
      // Its end does not wait for the connection's, and a server that ends first is an error of the pool.
      const disconnected = once(pool, 'remove')
      await pool.end()
      await disconnected
      await server.stop()
    })
    const check = createSchemaCheck(pool)
    const outdated = { code: 'schema_outdated', message: /lacks 0000_tables, .*0008_more.*: npm run migrate/ }
    await assert.rejects(check(), outdated)
    await migrate(server.url)
    await check()
    await pool.query('drop schema drizzle cascade')
    await check() // what was there once is there
    await assert.rejects(createSchemaCheck(pool)(), outdated)
  })
})
