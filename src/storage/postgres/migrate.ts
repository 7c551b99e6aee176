import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { Pool, type PoolClient } from 'pg'
import { inTransaction } from './client.ts'
import { translateDatabaseError } from './errors.ts'
import { SteadyClient } from './steady-client.ts'

/** Any number that no other program of this database uses. */
const LOCK = 6_011_947_311

const FOLDER = fileURLToPath(new URL('../../../migrations', import.meta.url))

/**
 * Applies what is missing, in one transaction: a migration that fails leaves the schema as it was. Processes that start
 * together wait for each other at the lock, which ends with the transaction (drizzle's own migrator has no lock).
 * The table is drizzle's, so its tools can read it.
 *
 * @returns names of the migrations that were applied, oldest first
 * @throws AppError database_unavailable
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const pool = new Pool({ Client: SteadyClient, connectionString: url, max: 1, application_name: 'kappa-migrate' })
  pool.on('error', () => {}) // the query that was running rejects with the same error
  try {
    return await inTransaction(pool, applyMissing)
  } catch (error) {
    throw translateDatabaseError(error)
  } finally {
    await pool.end()
  }
}

async function applyMissing(client: PoolClient): Promise<readonly string[]> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK])
  await client.query('create schema if not exists drizzle')
  await client.query(`create table if not exists drizzle.__drizzle_migrations
                      (id serial primary key, hash text not null, created_at bigint)`)
  const { rows } = await client.query('select coalesce(max(created_at), 0) as newest from drizzle.__drizzle_migrations')
  const names = migrationNames()
  const migrations = readMigrationFiles({ migrationsFolder: FOLDER })
  const applied: string[] = []
  for (const [i, { sql, hash, folderMillis }] of migrations.entries()) {
    if (folderMillis <= Number(rows[0]?.newest)) continue
    for (const statement of sql) await client.query(statement)
    await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [
      hash,
      folderMillis
    ])
    applied.push(names[i] ?? hash)
  }
  return applied
}

/** In the journal's order, which is that of the files drizzle reads. */
function migrationNames(): string[] {
  const journal: { entries: { tag: string }[] } = JSON.parse(readFileSync(join(FOLDER, 'meta/_journal.json'), 'utf8'))
  return journal.entries.map((entry) => entry.tag)
}
