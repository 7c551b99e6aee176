import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../base/errors.ts'

export interface EmbeddedProcess {
  /** The same after a restart on the same folder, unless another program has taken the port. */
  readonly url: string
  readonly pid: number
  /** Resolves when the process has ended, with null if it was killed. */
  readonly exited: Promise<number | null>
  stop(): Promise<void>
}

const ENTRY = fileURLToPath(new URL('../../bin/embedded-postgres.ts', import.meta.url))

type Message =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'failed'; readonly message: string }

/**
 * PGlite computes on the thread that calls it, so it gets a process: no event loop that answers HTTP waits for SQL.
 * The child ends by itself when this process does.
 *
 * @throws AppError database_unavailable
 */
export async function startEmbeddedProcess(folder: string): Promise<EmbeddedProcess> {
  // node:sqlite, used for its file lock, is still called experimental by Node 22.
  const child = fork(ENTRY, [folder], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const first = await Promise.race([once(child, 'message').then(([message]) => message as Message), exited])
  if (first === null || typeof first === 'number') {
    throw new AppError('database_unavailable', { message: `The embedded database ended with ${first}.` })
  }
  if (first.type === 'failed') throw new AppError('database_unavailable', { message: first.message })
  return { url: first.url, pid: pidOf(child), exited, stop: () => stop(child, exited) }
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  await exited
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('invariant: a process that sent a message has an id')
  return child.pid
}
