/** The embedded database: one PostgreSQL session, many connections, a process that may die at any moment. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Client, Pool } from 'pg'
import { isAppError } from '../../../src/base/errors.ts'
import { migrate } from '../../../src/storage/postgres/migrate.ts'
import { type EmbeddedProcess, startEmbeddedProcess } from '../../helpers/embedded-process.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'

const folder = await mkdtemp(join(tmpdir(), 'kappa-embedded-'))
let postgres: EmbeddedProcess = await startEmbeddedProcess(folder)

after(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

async function withClients<T>(count: number, work: (...clients: Client[]) => Promise<T>): Promise<T> {
  const clients = Array.from({ length: count }, () => new Client({ connectionString: postgres.url }))
  for (const client of clients) client.on('error', () => {})
  await Promise.all(clients.map((client) => client.connect()))
  try {
    return await work(...clients)
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => {})))
  }
}

/** Whether the promise is still pending after the others had every chance. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.finally(() => {
    settled = true
  })
  await withClients(0, async () => {})
  for (let i = 0; i < 200; i++) await new Promise<void>((resolve) => setImmediate(resolve))
  return !settled
}

describe('the embedded database', () => {
  test('answers every connection with its own rows, though all use the same unnamed statement', async () => {
    const pool = new Pool({ connectionString: postgres.url, max: 8 })
    await Promise.all(
      Array.from({ length: 400 }, async (_, i) => {
        const text = i % 2 ? 'select $1::int as n' : 'select $1::text as t, $2::int as n'
        // Larger than one chunk of the socket, so that there is time to get between two messages of a statement.
        const { rows } = await pool.query(text, i % 2 ? [i] : ['x'.repeat(300_000), i])
        assert.equal(rows[0].n, i)
      })
    )
    await pool.end()
  })

  test('keeps transactions apart: others wait until one has ended', async () => {
    await withClients(2, async (one, two) => {
      await one!.query('create table apart (n int)')
      await one!.query('begin')
      await one!.query('insert into apart values (1)')
      const count = two!.query('select count(*)::int as n from apart')
      assert.ok(await isPending(count))
      await one!.query('insert into apart values (2)')
      await one!.query('rollback')
      assert.deepEqual((await count).rows, [{ n: 0 }])
    })
  })

  test('keeps a failed transaction with the one who failed', async () => {
    await withClients(2, async (one, two) => {
      await one!.query('begin')
      await assert.rejects(one!.query('select nonsense'), /nonsense/)
      const other = two!.query('select 1 as n')
      await assert.rejects(one!.query('select 1'), /current transaction is aborted/)
      await one!.query('rollback')
      assert.deepEqual((await other).rows, [{ n: 1 }])
    })
  })

  test('undoes the transaction of a client that dies in it, and goes on', async () => {
    await withClients(2, async (one, two) => {
      await one!.query('create table undone (n int)')
      await one!.query('begin')
      await one!.query('insert into undone values (1)')
      const count = two!.query('select count(*)::int as n from undone')
      const stream = (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream
      stream.destroy()
      assert.deepEqual((await count).rows, [{ n: 0 }])
    })
  })

  test('refuses what would be done to everybody, and says what to use instead', async () => {
    await withClients(1, async (client) => {
      for (const sql of [
        "set timezone to 'Asia/Tokyo'",
        'listen x',
        'select pg_advisory_lock(1)',
        'prepare p as select 1',
        'copy t from stdin'
      ]) {
        await assert.rejects(client!.query(sql), /one session.*DATABASE_URL/, sql)
      }
      await assert.rejects(client!.query({ name: 'named', text: 'select 1' }), /one session/)
      await client!.query('begin')
      await client!.query('set local timezone to utc')
      await client!.query('select pg_advisory_xact_lock(1)')
      await client!.query('commit')
      assert.equal((await client!.query('select 1 as n')).rows[0].n, 1)
    })
  })

  test('takes statements of megabytes in both directions', async () => {
    await withClients(1, async (client) => {
      const text = 'ü'.repeat(4_000_000)
      const { rows } = await client!.query('select $1::text as text, length($1::text) as length', [text])
      assert.equal(rows[0].length, text.length)
      assert.ok(rows[0].text === text)
    })
  })

  test('lets nobody in without the password', async () => {
    const wrong = new URL(postgres.url)
    wrong.password = 'wrong'
    const client = new Client({ connectionString: wrong.href })
    client.on('error', () => {})
    await assert.rejects(client.connect(), /password authentication failed/)
  })

  test('shrugs off what is not PostgreSQL', async () => {
    const port = Number(new URL(postgres.url).port)
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\0', Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4])]) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(bytes)
      socket.resume()
      await once(socket, 'close')
    }
    await withClients(1, async (client) => {
      assert.equal((await client!.query('select 1 as n')).rows[0].n, 1)
    })
  })

  test('belongs to one process at a time', async () => {
    await assert.rejects(startEmbeddedProcess(folder), (error) => isAppError(error, 'database_unavailable'))
  })

  test('waits for the disk at every commit, as a server does', async () => {
    await withClients(1, async (client) => {
      const { rows } = await client!.query(
        "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'wal_sync_method') order by name"
      )
      // Emscripten's fdatasync does nothing; SyncedFolder mends its fsync.
      assert.deepEqual(
        rows.map(({ setting }) => setting),
        ['on', 'on', 'fsync']
      )
    })
  })
})

describe('the embedded database after kill -9', () => {
  test('has every commit that was confirmed, nothing of what was not, at the same address', async () => {
    await migrate(postgres.url)
    const before = postgres
    const pool = new Pool({ connectionString: postgres.url, max: 4 })
    pool.on('error', () => {})
    await pool.query('create table survivors (n int primary key)')
    const confirmed = new Set<number>()
    const open = await pool.connect()
    open.on('error', () => {})
    for (let n = 0; n < 200; n++) {
      await pool.query('insert into survivors values ($1)', [n])
      confirmed.add(n)
    }
    await open.query('begin')
    await open.query('insert into survivors values (-1)')
    // Killed while writes are under way: some of these are confirmed, some are not.
    const writes = Array.from({ length: 3 }, async (_, i) => {
      for (let n = 1000 * (i + 1); ; n++) {
        await pool.query('insert into survivors values ($1)', [n])
        confirmed.add(n)
      }
    })
    open.release(new Error('its transaction is left open'))
    await pool.query('select 1')
    process.kill(postgres.pid, 'SIGKILL')
    await Promise.allSettled(writes)
    await pool.end()
    assert.equal(await postgres.exited, null)

    postgres = await startEmbeddedProcess(folder)
    assert.equal(postgres.url, before.url)
    await withClients(1, async (client) => {
      const { rows } = await client!.query<{ n: number }>('select n from survivors')
      const found = new Set(rows.map((row) => row.n))
      assert.deepEqual(
        [...confirmed].filter((n) => !found.has(n)),
        [],
        'confirmed and lost'
      )
      assert.ok(found.size - confirmed.size <= 3, 'at most one unconfirmed write of each writer')
      assert.equal(found.has(-1), false)
      // Indices came through, too.
      assert.deepEqual((await client!.query('select n from survivors where n = 7')).rows, [{ n: 7 }])
    })
    assert.deepEqual(await migrate(postgres.url), [])
  })

  test('begins anew when it was killed before it was ever ready', async (t) => {
    const unfinished = await mkdtemp(join(tmpdir(), 'kappa-embedded-'))
    t.after(() => rm(unfinished, { recursive: true, force: true }))
    await mkdir(join(unfinished, 'data'))
    await writeFile(join(unfinished, 'data', 'PG_VERSION'), '18\n')
    const second = await startEmbeddedProcess(unfinished)
    assert.equal((await migrate(second.url))[0], '0000_tables')
    await second.stop()
  })
})

expectNoLeaks({ after })
