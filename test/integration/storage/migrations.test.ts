import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Client, Pool } from 'pg'
import { createSchemaCheck, migrate } from '../../../src/storage/postgres/migrate.ts'
import { SteadyClient } from '../../../src/storage/postgres/steady-client.ts'
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

/** As drizzle-kit lays them out. */
function writeMigrations(folder: string): (tag: string, sql: string) => void {
  const entries: object[] = []
  mkdirSync(join(folder, 'meta'))
  return (tag, sql) => {
    entries.push({ idx: entries.length, version: '7', when: 1 + entries.length, tag, breakpoints: true })
    writeFileSync(join(folder, `${tag}.sql`), sql)
    writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries }))
  }
}

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

  /** As everything before this release left it, then with what `fill` puts there, then up to date. */
  async function migrated(scope: TestContext, fill: (client: Client) => Promise<void>): Promise<Client> {
    const server = await startPostgresServer()
    const client = new Client({ connectionString: server.url })
    scope.after(async () => {
      await client.end()
      await server.stop()
    })
    await client.connect()
    const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'))
    const apply = async (names: readonly string[]) => {
      for (const name of [...names].sort()) await client.query(readFileSync(join(MIGRATIONS, name), 'utf8'))
    }
    await apply(files.filter((name) => name < '0009'))
    await fill(client)
    await apply(files.filter((name) => name >= '0009'))
    return client
  }

  test('make the admin keys of the first project those of the installation, which they were', { skip }, async (t) => {
    const client = await migrated(t, async (old) => {
      await old.query("insert into projects values ('prj_1', 'default', now()), ('prj_2', 'other', now())")
      const insert = `insert into api_keys (id, project_id, name, scopes, secret_hash, created_at, revoked_at)
        values ($1, $2, 'x', $3, 'x', now(), $4)`
      await old.query(insert, ['key_a', 'prj_1', ['admin'], null])
      await old.query(insert, ['key_b', 'prj_1', ['runs:read'], null])
      await old.query(insert, ['key_c', 'prj_1', ['admin'], new Date()])
      await old.query(insert, ['key_d', 'prj_2', ['admin'], null])
    })
    const { rows } = await client.query('select id, scopes from api_keys order by id')
    assert.deepEqual(
      rows.map(({ scopes }) => scopes),
      [['admin', 'instance:admin'], ['runs:read'], ['admin'], ['admin']]
    )
  })

  test('number the models of before by name, in the order in which they were made', { skip }, async (t) => {
    const client = await migrated(t, async (old) => {
      await old.query("insert into projects (id, name, created_at) values ('p', 'p', now()), ('q', 'q', now())")
      const values = "0, 'ready', '', '[]', now()"
      for (const [id, project, name] of [
        ['m1', 'p', 'shoes'],
        ['m2', 'q', 'shoes'],
        ['m3', 'p', null],
        ['m4', 'p', 'shoes'],
        ['m5', 'p', 'bags']
      ]) {
        const columns = 'id, project_id, name, step, status, prefix, files, created_at'
        await old.query(`insert into models (${columns}) values ($1, $2, $3, ${values})`, [id, project, name])
      }
    })
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
      where table_schema = 'public' and table_name not in ('projects', 'workers', 'run_metrics', -- docs/decisions/0015
          'removals', 'run_metric_rollups') -- what is left of a project that was deleted
        and not exists (
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
    const folder = mkdtempSync(join(tmpdir(), 'kappa-migrations-'))
    t.after(async () => {
      for (const client of [reader, other]) await client.end()
      await server.stop()
      rmSync(folder, { recursive: true })
    })
    for (const client of [reader, other]) await client.connect()
    const add = writeMigrations(folder)
    add('0000_first', 'create table images (id text)')
    assert.deepEqual(await migrate(server.url, { folder }), ['0000_first'])
    add('0001_second', 'create table labels (id text);--> statement-breakpoint\nalter table images add label text')
    await reader.query('begin')
    await reader.query('select count(*) from images')
    let tries = 0
    const clock = {
      now: () => 0,
      sleep: async () => {
        tries++
        // Whoever came later was let through, and what was tried has left nothing.
        await other.query('select count(*) from images')
        assert.equal((await other.query("select to_regclass('labels') as there")).rows[0].there, null)
        if (tries === 2) await reader.query('commit')
      }
    }
    assert.deepEqual(await migrate(server.url, { clock, folder }), ['0001_second'])
    assert.equal(tries, 2)
  })

  test('that are missing are named, until they have been applied', { skip }, async (t) => {
    const server = await startPostgresServer()
    const pool = new Pool({ Client: SteadyClient, connectionString: server.url, max: 1 })
    pool.on('error', () => {}) // its last connection may hear of the server's end
    t.after(async () => {
      await pool.end()
      await server.stop()
    })
    const check = createSchemaCheck(pool)
    const outdated = { code: 'schema_outdated', message: /lacks 0000_tables, .*, \d{4}_\w+: npm run migrate/ }
    await assert.rejects(check(), outdated)
    await migrate(server.url)
    await check()
    await pool.query('drop schema drizzle cascade')
    await check() // what was there once is there
    await assert.rejects(createSchemaCheck(pool)(), outdated)
  })
})
