/** The embedded database in a process of its own, as `npm start` has it, for tests that talk to it or kill it. */
import { fileURLToPath } from 'node:url'
import { AppError } from '../../src/base/errors.ts'
import { Child } from '../../src/processes/child.ts'

export interface EmbeddedProcess {
  /** The same after a restart on the same folder, unless another program has taken the port. */
  readonly url: string
  readonly pid: number
  /** Resolves when the process has ended, with null if it was killed. */
  readonly exited: Promise<number | null>
  stop(): Promise<void>
}

const ENTRY = fileURLToPath(new URL('../../src/bin/embedded-postgres.ts', import.meta.url))
const STOP_GRACE_MS = 60_000

type Message =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'failed'; readonly message: string }

/** @throws AppError database_unavailable */
export async function startEmbeddedProcess(folder: string): Promise<EmbeddedProcess> {
  // node:sqlite, used for its file lock, is still called experimental by Node 22.
  const execArgv = ['--disable-warning=ExperimentalWarning']
  const child = new Child<Message>({ entry: ENTRY, args: [folder], execArgv, output: 'inherit' })
  const first = await child.firstMessage((message): message is Message => message !== undefined)
  const exited = child.exited.then(({ code }) => code)
  if (first?.type !== 'listening') {
    const message = first?.message ?? `The embedded database ended with ${await exited}.`
    throw new AppError('database_unavailable', { message })
  }
  return { url: first.url, pid: child.pid!, exited, stop: async () => void (await child.stop(STOP_GRACE_MS)) }
}
