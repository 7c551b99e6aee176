/** A launcher whose engine is a map, which a test moves. */
import {
  type Launcher,
  LauncherUnavailable,
  LaunchRefused,
  type LegOrder,
  type Sight
} from '../../src/launching/launcher.ts'
import { legName } from '../../src/launching/leg-name.ts'

export interface MemoryLauncher extends Launcher {
  readonly orders: LegOrder[]
  readonly stopped: string[]
  see(name: string, sight: Sight): void
  forget(name: string): void
  isAway: boolean
  /** Of orders that it refuses: what it says. */
  refusal: string | null
}

export function memoryLauncher(installation = 'test'): MemoryLauncher {
  const sights = new Map<string, Sight>()
  const orders: LegOrder[] = []
  const stopped: string[] = []
  const launcher: MemoryLauncher = {
    name: 'memory',
    orders,
    stopped,
    isAway: false,
    refusal: null,
    see: (name, sight) => void sights.set(name, sight),
    forget: (name) => void sights.delete(name),
    async start(order) {
      if (launcher.refusal !== null) throw new LaunchRefused(launcher.refusal)
      const name = legName(installation, order)
      if (!sights.has(name)) orders.push(order)
      sights.set(name, sights.get(name) ?? { state: 'waiting', reason: null })
      return { name, id: name }
    },
    look: async ({ name }) => sights.get(name) ?? { state: 'unknown', reason: null },
    async stop({ name }) {
      stopped.push(name)
      sights.delete(name)
    },
    async list() {
      if (launcher.isAway) throw new LauncherUnavailable('The engine is away.')
      return [...sights].map(([name, sight]) => ({ name, id: name, sight }))
    },
    async close() {}
  }
  return launcher
}
