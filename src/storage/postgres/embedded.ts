/**
 * PGlite on a folder, served on a loopback port: the database of an installation that has none.
 *
 * What it promises is what PostgreSQL promises: a commit that was confirmed survives kill -9 (tested) and, as far as the
 * disk keeps its word, a power cut (fsync is switched back on, see synced-folder.ts). Recovery runs at the next start.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { AppError } from '../../base/errors.ts'
import { serveConnection } from './shared-connection.ts'
import { SharedSession } from './shared-session.ts'
import { SyncedFolder } from './synced-folder.ts'
import { query, startupMessage } from './wire.ts'

export interface EmbeddedPostgres {
  readonly url: string
  close(): Promise<void>
}

/** As the server's idle_in_transaction_session_timeout, which a session without timers does not have. */
const IDLE_IN_TRANSACTION_MS = 30_000

/**
 * A single-user PostgreSQL has no checkpointer and no autovacuum. Without these its log grows for ever, so does the time
 * that recovery takes, and dead rows are never used again.
 */
const CHECKPOINT_EVERY_MS = 5 * 60_000
const VACUUM_EVERY_MS = 60 * 60_000

/** @throws AppError database_unavailable when another process uses the folder */
export async function openEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  const db = await openPGlite(folder)
  const session = new SharedSession(db, IDLE_IN_TRANSACTION_MS)
  const welcome = await ask(session, startupMessage('postgres', 'postgres'))
  const { port, password } = await readAddress(folder)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveConnection(socket, { session, password, welcome })
  })
  const actualPort = await listen(server, port)
  await writeFile(join(folder, ADDRESS), JSON.stringify({ port: actualPort, password }), { mode: 0o600 })
  const timers = [
    setInterval(() => void ask(session, query('checkpoint')), CHECKPOINT_EVERY_MS),
    setInterval(() => void ask(session, query('vacuum analyze')), VACUUM_EVERY_MS)
  ]
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${actualPort}/postgres`,
    async close() {
      for (const timer of timers) clearInterval(timer)
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
      // Comes after the rollbacks of the connections just closed, and leaves nothing to recover at the next start.
      await ask(session, query('checkpoint'))
      await db.close()
      lock.close()
    }
  }
}

/** The kernel holds this lock and drops it with the process, however that ends: there are no stale locks to judge. */
function lockFolder(folder: string): DatabaseSync {
  const lock = new DatabaseSync(join(folder, 'lock'))
  try {
    lock.exec('begin exclusive')
    return lock
  } catch (error) {
    lock.close()
    throw new AppError('database_unavailable', { message: `Another process uses ${folder}.` }, { cause: error })
  }
}

/** As PGlite's, without its -F (no fsync). Emscripten's fdatasync, the default here, does nothing; its fsync can be mended. */
const START_PARAMETERS = [...PGlite.defaultStartParams.filter((name) => name !== '-F'), '-c', 'wal_sync_method=fsync']

/** A folder that PGlite never finished to set up looks like a database to it; without the mark it is begun anew. */
async function openPGlite(folder: string): Promise<PGlite> {
  const data = join(folder, 'data')
  const mark = join(folder, 'initialized')
  if (!existsSync(mark)) await rm(data, { recursive: true, force: true })
  const db = await PGlite.create({
    fs: new SyncedFolder(data),
    relaxedDurability: false,
    extensions: { vector },
    startParams: START_PARAMETERS
  })
  await writeFile(mark, '')
  return db
}

const ADDRESS = 'address.json'

/** Kept, so that processes that hold the URL find the database again after it was restarted. */
async function readAddress(folder: string): Promise<{ port: number; password: string }> {
  const path = join(folder, ADDRESS)
  if (existsSync(path)) return JSON.parse(await readFile(path, 'utf8'))
  return { port: 0, password: randomBytes(24).toString('base64url') }
}

/** Any free port if the wanted one is taken by now. */
async function listen(server: Server, wanted: number): Promise<number> {
  try {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    if (wanted === 0) throw error
    return listen(server, 0)
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('invariant: a TCP server has a port')
  return address.port
}

async function ask(session: SharedSession, bytes: Buffer): Promise<Buffer> {
  const answer: Buffer[] = []
  const nobody = { evict: () => {} }
  await session.run(nobody, bytes, (data) => answer.push(data))
  return Buffer.concat(answer)
}
