import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Client } from 'pg'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
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
})
