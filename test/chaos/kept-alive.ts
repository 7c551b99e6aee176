/** A process that is started again a moment after it ended, as a service manager would; until it is let go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendantsOf } from '../helpers/process-tree.ts'

export interface KeptAlive {
  readonly name: string
  readonly pid: () => number | undefined
  /** For the next start, and from then on. */
  setEnvironment(patch: Readonly<Record<string, string>>): void
  kill(signal: NodeJS.Signals): void
  /** Of one of its children, drawn by `pick`; false when there is none. */
  killChild(pick: (count: number) => number): boolean
  /** Ends it for good: politely, and after a while not. */
  letGo(graceMs: number): Promise<void>
}

interface KeptAliveOptions {
  readonly name: string
  readonly entry: string
  readonly execArgv?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly logFolder: string
}

const START_AGAIN_MS = 500

export function keepAlive({ name, entry, execArgv = [], logFolder, ...options }: KeptAliveOptions): KeptAlive {
  const log: WriteStream = createWriteStream(join(logFolder, `${name}.log`), { flags: 'a' })
  let environment = options.environment
  let isWanted = true
  let child: ChildProcess | null = null
  const over = run()

  async function run(): Promise<void> {
    while (isWanted) {
      child = spawn(process.execPath, [...execArgv, entry], {
        env: { ...process.env, ...environment },
        // The channel ends with us: then it ends as well, whatever became of us.
        stdio: ['ignore', 'pipe', 'pipe', 'ipc']
      })
      for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false })
      await once(child, 'exit')
      if (isWanted) await sleep(START_AGAIN_MS)
    }
  }

  return {
    name,
    pid: () => child?.pid,
    setEnvironment(patch) {
      environment = { ...environment, ...patch }
    },
    kill: (signal) => void child?.kill(signal),
    killChild(pick) {
      const children = descendantsOf(child?.pid)
      if (children.length === 0) return false
      process.kill(children[pick(children.length)]!.pid, 'SIGKILL')
      return true
    },
    async letGo(graceMs) {
      isWanted = false
      child?.kill('SIGCONT')
      child?.kill('SIGTERM')
      const late = new AbortController()
      void sleep(graceMs, undefined, { signal: late.signal }).then(
        () => child?.kill('SIGKILL'),
        () => {}
      ) // in time
      await over
      late.abort()
      log.end()
    }
  }
}
