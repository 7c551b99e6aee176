/**
 * Child processes that must be there: started in order, restarted when they end by themselves, stopped in reverse.
 *
 *   starting → up → (ended by itself) → waiting → starting …        stop(): any → stopped
 *
 * The wait doubles from 0.5 s to 30 s and starts again after a minute of health, so that a child that cannot start
 * does not burn the machine and one that died once is back at once.
 */
import { resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { Child } from './child.ts'

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
  /** It is up with its first message of this type; one of type `failed` says why it is not. */
  readonly readyMessage: string
}

export type ReadyMessage = { readonly type: string; readonly url?: string; readonly message?: string }

interface Supervised {
  readonly spec: ChildSpec
  child: Child<ReadyMessage>
}

const launch = ({ entry, args = [], env }: ChildSpec): Child<ReadyMessage> =>
  new Child<ReadyMessage>({
    entry: resolve(import.meta.dirname, '../bin', entry),
    args,
    env,
    // node:sqlite, which guards the embedded database's folder, is still called experimental by Node 22.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    output: 'inherit'
  })

async function readinessOf({ spec, child }: Supervised): Promise<ReadyMessage> {
  const isTelling = ({ type }: ReadyMessage) => type === spec.readyMessage || type === 'failed'
  const told = await child.firstMessage((message): message is ReadyMessage => isTelling(message))
  if (told?.type === spec.readyMessage) return told
  const { code, signal } = await child.exited
  const why = told?.message ?? `it ended with ${signal ?? `exit code ${code}`}`
  throw new AppError('process_not_started', { message: `${spec.name} does not start: ${why}` })
}

export function createSupervisor({ clock, logger }: { clock: Clock; logger: Logger }) {
  const children: Supervised[] = []
  const stopping = new AbortController()

  async function keepUp(supervised: Supervised): Promise<void> {
    const { name } = supervised.spec
    let waitMs = FIRST_WAIT_MS
    let startedAt = clock.now()
    while (!stopping.signal.aborted) {
      const { code, signal } = await supervised.child.exited
      if (stopping.signal.aborted) return
      if (clock.now() - startedAt > HEALTHY_AFTER_MS) waitMs = FIRST_WAIT_MS
      logger.error({ process: name, code, signal, waitMs }, 'process ended, starting it again')
      await clock.sleep(waitMs, stopping.signal).catch(() => undefined)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
      if (stopping.signal.aborted) return
      startedAt = clock.now()
      supervised.child = launch(supervised.spec)
      await readinessOf(supervised).catch((error: Error) =>
        logger.error({ process: name, err: error }, 'process did not start')
      )
    }
  }

  return {
    /** Rejects when the first start fails; later ends are answered by starting again. */
    async start(spec: ChildSpec): Promise<ReadyMessage> {
      const supervised: Supervised = { spec, child: launch(spec) }
      children.push(supervised)
      const ready = await readinessOf(supervised)
      void keepUp(supervised)
      return ready
    },

    async stop(): Promise<void> {
      stopping.abort()
      for (const { child } of children.reverse()) await child.stop(STOP_GRACE_MS)
    }
  }
}
