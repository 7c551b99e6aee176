import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { Pool, type PoolClient } from 'pg'
import { type Clock, systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { inTransaction } from './client.ts'
import { translateDatabaseError } from './errors.ts'
import { ensurePgvector } from './pgvector.ts'
import { checkRequestRole, ensureRequestRole } from './request-role.ts'
import { SteadyClient } from './steady-client.ts'

/** Any number that no other program of this database uses. */
const LOCK = 6_011_947_311

const FOLDER = fileURLToPath(new URL('../../../migrations', import.meta.url))

/**
 * Applies what is missing, in one transaction: a migration that fails leaves the schema as it was. Processes that start
 * together wait for each other at the lock, which ends with the transaction (drizzle's own migrator has no lock).
 * The table is drizzle's, so its tools can read it.
 *
 * A statement that waits for a table that others read lets all who come later wait behind it. So it waits for a moment only,
 * then everything is given back and tried again.
 *
 * @returns names of the migrations that were applied, oldest first
 * @throws AppError database_unavailable, also when a table was in use at every try; schema_outdated where a role is missing that the
 *   login may not make
 */
export async function migrate(
  url: string,
  { clock = systemClock, folder = FOLDER }: { clock?: Clock; folder?: string } = {}
): Promise<readonly string[]> {
  const pool = new Pool({ Client: SteadyClient, connectionString: url, max: 1, application_name: 'kappa-migrate' })
  pool.on('error', () => {}) // the query that was running rejects with the same error
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await inTransaction(pool, (client) => applyMissing(client, folder))
      } catch (error) {
        if (!isLocked(error) || attempt === MOST_ATTEMPTS) throw error
        await clock.sleep(BETWEEN_MS)
      }
    }
  } catch (error) {
    throw translateDatabaseError(error)
  } finally {
    await pool.end()
  }
}

/** Readers wait so long at the most, and have as long between two tries. */
const LOCK_TIMEOUT_MS = 2000
const BETWEEN_MS = 2000
const MOST_ATTEMPTS = 30

/** lock_not_available */
const isLocked = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '55P03'

/**
 * Whether the database has the schema of this code, and the role that requests act as; once it has, nobody asks again.
 *
 * @returns a check that throws AppError schema_outdated saying what is missing, or database_unavailable
 */
export function createSchemaCheck(pool: Pool): () => Promise<void> {
  let isCurrent = false
  return async () => {
    if (isCurrent) return
    const missing = await missingMigrations(pool).catch((error: unknown) => {
      throw translateDatabaseError(error)
    })
    if (missing.length > 0) {
      const message = `The database lacks ${missing.join(', ')}: npm run migrate brings it up to date.`
      throw new AppError('schema_outdated', { message })
    }
    await checkRequestRole(pool).catch((error: unknown) => {
      throw translateDatabaseError(error)
    })
    isCurrent = true
  }
}

/** Oldest first. */
async function missingMigrations(pool: Pool): Promise<readonly string[]> {
  const { rows: found } = await pool.query("select to_regclass('drizzle.__drizzle_migrations') is not null as there")
  const newest = found[0]?.there ? await newestApplied(pool) : 0
  const migrations = readMigrationFiles({ migrationsFolder: FOLDER })
  return migrationNames(FOLDER).filter((_, i) => (migrations[i]?.folderMillis ?? 0) > newest)
}

async function newestApplied(client: Pick<PoolClient, 'query'> | Pool): Promise<number> {
  const { rows } = await client.query('select coalesce(max(created_at), 0) as newest from drizzle.__drizzle_migrations')
  return Number(rows[0]?.newest)
}

async function applyMissing(client: PoolClient, folder: string): Promise<readonly string[]> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK])
  await client.query('create schema if not exists drizzle')
  await client.query(`create table if not exists drizzle.__drizzle_migrations
                      (id serial primary key, hash text not null, created_at bigint)`)
  // From here on: for each other processes that migrate wait as long as it takes.
  await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
  const newest = await newestApplied(client)
  const names = migrationNames(folder)
  const migrations = readMigrationFiles({ migrationsFolder: folder })
  const applied: string[] = []
  for (const [i, { sql, hash, folderMillis }] of migrations.entries()) {
    if (folderMillis <= newest) continue
    for (const statement of sql) await client.query(statement)
    await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [
      hash,
      folderMillis
    ])
    applied.push(names[i] ?? hash)
  }
  await ensureRequestRole(client)
  await ensurePgvector(client)
  return applied
}

/** In the journal's order, which is that of the files drizzle reads. */
function migrationNames(folder: string): string[] {
  const journal: { entries: { tag: string }[] } = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'))
  return journal.entries.map((entry) => entry.tag)
}
