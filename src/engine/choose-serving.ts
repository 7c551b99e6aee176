/** What computes the answers of an inference process: ONNX Runtime on the CPU, or XLA on a device. */
import { isAppError } from '../base/errors.ts'
import { foreseeServing, type ServingChoice } from './serving-choice.ts'
import { type FoundPlugin, findPlugin } from './xla/find-plugin.ts'
import type { XlaWish } from './xla/open-xla.ts'
import type { ServingDevice } from './xla/serving-device.ts'

export interface ChosenServing {
  /** Null: onnx. */
  readonly device: ServingDevice | null
  /** Why `auto` passed over a GPU that is there, with what to do about it. */
  readonly problem?: string
}

/** How a plugin is found and opened. */
export interface ServingAccess {
  readonly find: typeof findPlugin
  readonly open: (plugin: FoundPlugin, wish: Omit<XlaWish, 'devices'>) => Promise<ServingDevice>
}

const ACCESS: ServingAccess = {
  find: findPlugin,
  // Whoever serves with onnx needs neither plugins nor what traces programs, which take half a second to load.
  open: async (plugin, wish) => (await import('./xla/open-xla.ts')).openServingDevice(plugin, wish)
}

/** @throws AppError engine_unavailable when what is asked for cannot be had */
export async function chooseServing(
  choice: ServingChoice,
  threads: number | undefined,
  { find, open }: ServingAccess = ACCESS
): Promise<ChosenServing> {
  const { name, plugin: named } = choice
  await foreseeServing(choice, find)
  if (name === 'onnx') return { device: null }
  const plugin = await find(named)
  if ('reason' in plugin) {
    const isMissed = named !== null || plugin.isForGpu
    return { device: null, ...(isMissed && { problem: plugin.reason }) }
  }
  const { missing } = plugin
  const about = missing === undefined ? {} : { problem: missing }
  if (name === 'auto' && plugin.platform === 'cpu') return { device: null, ...about }
  try {
    const device = await open(plugin, { ...choice, threads })
    if (name === 'xla' || device.deviceKind === 'gpu') return { device, ...about }
    device.dispose()
    return { device: null }
  } catch (error) {
    if (name === 'xla' || !isAppError(error, 'engine_unavailable')) throw error
    return { device: null, problem: error.message.replace(/\.$/, '') }
  }
}
