import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client } from 'pg'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { startPostgresServer } from '../../helpers/postgres-server.ts'

const skip = await whyNoPostgres()

describe('migrations', () => {
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
