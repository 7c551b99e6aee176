import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { startPostgresServer } from '../../helpers/postgres-server.ts'

const ROOT = join(import.meta.dirname, '../../..')
const run = promisify(execFile)
const skip = await whyNoPostgres()

describe('migrations', () => {
  test('are what the schema asks for: generating again changes nothing', async (t) => {
    const copy = await mkdtemp(join(tmpdir(), 'kappa-migrations-'))
    t.after(() => rm(copy, { recursive: true, force: true }))
    await cp(join(ROOT, 'migrations'), copy, { recursive: true })
    const before = await readdir(copy, { recursive: true })
    // drizzle-kit takes `out` relative to where it runs.
    const arguments_ = ['--dialect', 'postgresql', '--schema', './src/storage/postgres/schema/*.ts']
    const kit = join(ROOT, 'node_modules/drizzle-kit/bin.cjs')
    const out = relative(ROOT, copy)
    const { stdout } = await run(process.execPath, [kit, 'generate', ...arguments_, '--out', out], { cwd: ROOT })
    assert.deepEqual(await readdir(copy, { recursive: true }), before, stdout)
  })

  test('say why at their top', async () => {
    const files = (await readdir(join(ROOT, 'migrations'))).filter((name) => name.endsWith('.sql'))
    assert.ok(files.length > 0)
    for (const file of files) assert.match(await readFile(join(ROOT, 'migrations', file), 'utf8'), /^-- \S/, file)
  })

  test('are applied once, when many processes start together', { skip }, async (t) => {
    const server = await startPostgresServer()
    t.after(() => server.stop())
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(server.url)))
    assert.equal(applied.filter((names) => names.length > 0).length, 1)
    assert.deepEqual(await migrate(server.url), [])
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
