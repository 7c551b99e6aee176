/** The role that requests act as: made, given what it needs, and looked for. A role is the server's, so a restored dump lacks it. */
import type { Pool, PoolClient } from 'pg'
import { AppError, isAppError, toError } from '../../base/errors.ts'
import { bound, REQUEST_ROLE, roleIsRefused } from './bound-query.ts'
import { inTransaction } from './client.ts'

type Asking = Pick<PoolClient, 'query'>

/** Another database of the server may be migrated at the same moment, and have made it. */
const CREATE = `do $$ begin
  create role ${REQUEST_ROLE} nologin;
exception when duplicate_object or unique_violation then null;
end $$`

/** insufficient_privilege */
const isNotAllowed = (error: Error): boolean => 'code' in error && error.code === '42501'

/** Of tables without a policy, or with more to be said than that. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  audit_entries: ['select', 'insert'],
  projects: ['select', 'insert', 'update'],
  workers: ['select']
}
const ALL = ['select', 'insert', 'update', 'delete'] as const

const TABLES = `
  select relname as name from pg_class
  where relkind = 'r' and pg_table_is_visible(oid) and relnamespace <> 'pg_catalog'::regnamespace
    and (relname = any($1) or exists (select from pg_policy where polrelid = pg_class.oid and polname = 'own_project'))`

/**
 * In a transaction that has migrated. Changes nothing where everything is there.
 *
 * @throws AppError schema_outdated where the login may not make the role, saying who can
 */
export async function ensureRequestRole(client: PoolClient): Promise<void> {
  const { rows } = await client.query('select current_user as me, quote_ident(current_user) as quoted')
  const { me, quoted } = rows[0] as { readonly me: string; readonly quoted: string }
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [REQUEST_ROLE])
  if (rowCount === 0) await asAllowed(client, me, CREATE)
  if (!(await mayActAsRequest(client))) await asAllowed(client, me, `grant ${REQUEST_ROLE} to ${quoted}`)
  const { rows: tables } = await client.query<{ readonly name: string }>(TABLES, [Object.keys(GRANTS)])
  for (const { name } of tables) {
    const wanted = GRANTS[name] ?? ALL
    const found = 'select bool_and(has_table_privilege($1, $2, wanted)) as has from unnest($3::text[]) as wanted'
    const { rows: has } = await client.query(found, [REQUEST_ROLE, name, wanted])
    if (!has[0]?.has) await client.query(`grant ${wanted.join(', ')} on ${name} to ${REQUEST_ROLE}`)
  }
}

async function asAllowed(client: Asking, me: string, statement: string): Promise<void> {
  await client.query(statement).catch((error: unknown) => {
    const cause = toError(error)
    if (!isNotAllowed(cause)) throw cause
    const message =
      `The database's role ${me} may not make the role ${REQUEST_ROLE}, as which requests see their project alone. Let an ` +
      `administrator of the server say, once: create role ${REQUEST_ROLE} nologin; grant ${REQUEST_ROLE} to "${me}";`
    throw new AppError('schema_outdated', { message }, { cause })
  })
}

/** By trying: what allows it differs between versions of PostgreSQL. */
async function mayActAsRequest(client: PoolClient): Promise<boolean> {
  await client.query('savepoint acting')
  try {
    await bound(client, '').query('select 1')
    return true
  } catch (error) {
    if (isAppError(error, 'schema_outdated')) return false
    throw error
  } finally {
    await client.query('rollback to savepoint acting')
  }
}

/**
 * Whether row-level security holds for requests and leaves workers alone.
 *
 * @throws AppError schema_outdated
 */
export async function checkRequestRole(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    if (!(await mayActAsRequest(client))) throw roleIsRefused()
    const isActive = "select row_security_active('runs') as active"
    const { rows: requests } = await bound(client, '').query(isActive)
    const { rows: workers } = await bound(client, null).query(isActive)
    if (!requests[0]?.active)
      throw new AppError('schema_outdated', {
        message: `The role ${REQUEST_ROLE} must not bypass row-level security, own the tables or be a member of who does.`
      })
    if (workers[0]?.active)
      throw new AppError('schema_outdated', {
        message: "The database's role does not own Kappa's tables: grant it the role that does, or workers see no rows."
      })
  })
}
