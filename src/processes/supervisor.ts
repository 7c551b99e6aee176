/**
 * Child processes that must be there: started in order, restarted when they end by themselves, stopped in reverse.
 *
 *   starting → up → (ended by itself) → waiting → starting …        stop(): any → stopped
 *
 * The wait doubles from 0.5 s to 30 s and starts again after a minute of health, so that a child that cannot start
 * does not burn the machine and one that died once is back at once.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
const HEALTHY_AFTER_MS = 60_000
/** After SIGTERM a worker's trainers save a checkpoint, for which it gives them two minutes; then SIGKILL. */
const STOP_GRACE_MS = 150_000

export interface ChildSpec {
  readonly name: string
  /** Entry file in src/bin/. */
  readonly entry: string
  readonly args?: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Resolves `start` with the first message of this type; without it, as soon as the process runs. */
  readonly readyMessage?: string
}

export type ReadyMessage = { readonly type: string; readonly url?: string }

interface Supervised {
  readonly spec: ChildSpec
  child: ChildProcess | null
}

export function createSupervisor({ clock, logger }: { clock: Clock; logger: Logger }) {
  const children: Supervised[] = []
  const stopping = new AbortController()

  function launch(supervised: Supervised): Promise<ReadyMessage> {
    const { spec } = supervised
    const child = fork(resolve(import.meta.dirname, '../bin', spec.entry), [...(spec.args ?? [])], {
      env: spec.env,
      // node:sqlite, which guards the embedded database's folder, is still called experimental by Node 22.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    supervised.child = child
    return new Promise((ready, fail) => {
      child.once('error', fail)
      child.once('exit', (code, signal) =>
        fail(new Error(`${spec.name} ended at start (${signal ?? `exit code ${code}`})`))
      )
      if (!spec.readyMessage) child.once('spawn', () => ready({ type: 'spawned' }))
      child.on('message', (message: ReadyMessage) => {
        if (message.type === spec.readyMessage) ready(message)
      })
    })
  }

  async function keepUp(supervised: Supervised): Promise<void> {
    let waitMs = FIRST_WAIT_MS
    while (!stopping.signal.aborted) {
      const startedAt = clock.now()
      const child = supervised.child
      if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (stopping.signal.aborted) return
      if (clock.now() - startedAt > HEALTHY_AFTER_MS) waitMs = FIRST_WAIT_MS
      const { name } = supervised.spec
      logger.error(
        { process: name, code: child?.exitCode, signal: child?.signalCode, waitMs },
        'process ended, starting it again'
      )
      await clock.sleep(waitMs, stopping.signal).catch(() => undefined)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
      if (stopping.signal.aborted) return
      await launch(supervised).catch((error: Error) =>
        logger.error({ process: name, err: error }, 'process did not start')
      )
    }
  }

  return {
    /** Rejects when the first start fails; later ends are answered by starting again. */
    async start(spec: ChildSpec): Promise<ReadyMessage> {
      const supervised: Supervised = { spec, child: null }
      children.push(supervised)
      const ready = await launch(supervised)
      void keepUp(supervised)
      return ready
    },

    async stop(): Promise<void> {
      stopping.abort()
      for (const { child } of children.reverse()) {
        if (!child || child.exitCode !== null || child.signalCode !== null) continue
        const exited = once(child, 'exit')
        child.kill('SIGTERM')
        const killer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
        await exited
        clearTimeout(killer)
      }
    }
  }
}
