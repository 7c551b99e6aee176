import { Client } from 'pg'

/** Sets it for new sessions and ends the others, as a failover does. */
export async function setReadOnly(url: string, isReadOnly: boolean): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { pathname } = new URL(url)
  const name = pathname.slice(1)
  await client.query('set default_transaction_read_only = off')
  await client.query(`alter database ${name} set default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`)
  if (isReadOnly) {
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      [name]
    )
  }
  await client.end()
}
