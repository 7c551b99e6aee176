/**
 * Workers as child processes on this machine. They live no longer than this process: one that goes tells its children to end, and one that is
 * killed is missed by them, so a dispatcher that is started again begins with none.
 */
import type { Logger } from '../base/log.ts'
import { Child, type ChildExit } from '../processes/child.ts'
import { type Launched, type Launcher, LaunchRefused, type LegOrder, type Sight, STOP_GRACE_S } from './launcher.ts'
import { environmentOf, legName } from './leg-name.ts'

export interface LocalLauncherOptions {
  readonly installation: string
  /** Of src/bin/worker.ts, or of a stand-in. */
  readonly entry: string
  /** That its workers have besides what makes them workers for one leg. */
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
}

const REMEMBERED = 1000
const UNKNOWN: Sight = { state: 'unknown', reason: null }
const RUNNING: Sight = { state: 'running', reason: null }

export function createLocalLauncher({ installation, entry, env, logger }: LocalLauncherOptions): Launcher {
  const running = new Map<string, Child<unknown>>()
  /** In the order of their ends. */
  const ended = new Map<string, Sight>()
  const forgotten = new Set<string>()
  let isClosed = false

  function begin(name: string, order: LegOrder): Child<unknown> {
    const child = new Child({
      entry,
      env: { ...env, ...environmentOf(order) },
      output: logger.child({ runId: order.runId })
    })
    running.set(name, child)
    void child.exited.then((exit) => {
      running.delete(name)
      if (forgotten.delete(name)) return
      ended.set(name, { state: 'ended', reason: reasonOf(exit) })
      for (const oldest of [...ended.keys()].slice(0, -REMEMBERED)) ended.delete(oldest)
    })
    return child
  }

  const launchedBy = (name: string, child: Child<unknown> | undefined): Launched => ({
    name,
    id: String(child?.pid ?? name)
  })
  const end = async (name: string, child: Child<unknown>): Promise<void> => {
    forgotten.add(name)
    await child.stop(STOP_GRACE_S * 1000)
  }

  return {
    name: 'local',
    async start(order) {
      if (isClosed) throw new LaunchRefused('This process ends, and starts no more workers.')
      const name = legName(installation, order)
      if (ended.get(name) !== undefined) return launchedBy(name, undefined)
      return launchedBy(name, running.get(name) ?? begin(name, order))
    },
    async look({ name }) {
      return running.has(name) ? RUNNING : (ended.get(name) ?? UNKNOWN)
    },
    async stop({ name }) {
      ended.delete(name)
      const child = running.get(name)
      if (child !== undefined && child.state === 'running') void end(name, child)
    },
    async list() {
      const places = [...running].map(([name, child]) => ({ ...launchedBy(name, child), sight: RUNNING }))
      return [...places, ...[...ended].map(([name, sight]) => ({ ...launchedBy(name, undefined), sight }))]
    },
    async close() {
      isClosed = true
      await Promise.all([...running].map(([name, child]) => end(name, child)))
    }
  }
}

function reasonOf({ code, signal, lastLines }: ChildExit): string | null {
  if (code === 0) return null
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  const said = lastLines.at(-1)
  return `Its process ended ${how}${said === undefined ? '' : `: ${said}`}.`
}
