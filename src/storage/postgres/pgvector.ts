/** The extension that vectors are searched by. It is wished for and not needed: without it fewer images can be searched. */
import type { PoolClient } from 'pg'
import { toError } from '../../base/errors.ts'

/** insufficient_privilege: an administrator of the server has to say it, once */
const NOT_ALLOWED = '42501'

/** In a transaction that has migrated. Nothing happens where the server has not got it, or somebody has made it before. */
export async function ensurePgvector(client: Pick<PoolClient, 'query'>): Promise<void> {
  const { rows } = await client.query<{ isThere: boolean }>(
    `select installed_version is not null as "isThere" from pg_available_extensions where name = 'vector'`
  )
  if (rows[0]?.isThere !== false) return
  await client.query('savepoint extending')
  try {
    await client.query('create extension vector')
  } catch (thrown) {
    const error = toError(thrown)
    await client.query('rollback to savepoint extending')
    if (!('code' in error) || error.code !== NOT_ALLOWED) throw error
  }
}
