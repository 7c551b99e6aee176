/** A plugin, its client with the options that suit its platform, and the xla engine on it. */
import { AppError } from '../../base/errors.ts'
import type { Engine, Precision } from '../engine.ts'
import { createXlaClient, type XlaClient } from './client.ts'
import type { FoundPlugin } from './find-plugin.ts'
import type { NamedValues } from './named-values.ts'
import { createProgramCache } from './program-cache.ts'
import { createServingDevice, type ServingDevice } from './serving-device.ts'
import { createXlaEngine } from './xla-engine.ts'

export interface XlaWish {
  readonly precision: Precision | 'auto'
  readonly devices?: number | undefined
  /** Of a GPU's memory. */
  readonly memoryFraction: number | null
  readonly programsFolder: string
  /** Of the CPU. */
  readonly threads?: number | undefined
}

/** XLA's own where none is said. */
export const MEMORY_FRACTION = 0.75

/** The step of the demo is 1.2 MB of it; there is one for each shape, precision and device. */
const MOST_PROGRAM_BYTES = 2 * 1024 ** 3

/** @throws AppError engine_unavailable when the plugin, so many devices of it or the precision cannot be had */
export async function openXlaEngine(plugin: FoundPlugin, wish: XlaWish): Promise<Engine> {
  const { devices = 1, programsFolder, threads } = wish
  const client = openXlaClient(plugin, wish)
  try {
    const precision = precisionOn(client.platform, wish.precision)
    const { length } = client.devices
    if (devices > length) throw unavailable(`${devices} devices were asked for, and the plugin has ${length}`)
    const cache = createProgramCache({ folder: programsFolder, maxBytes: MOST_PROGRAM_BYTES, threads })
    return createXlaEngine({ client, devices, precision, cache })
  } catch (error) {
    client.dispose()
    throw error
  }
}

/** @throws AppError engine_unavailable when the plugin, a device of it or the precision cannot be had */
export function openServingDevice(plugin: FoundPlugin, wish: Omit<XlaWish, 'devices'>): ServingDevice {
  const { programsFolder, threads } = wish
  const client = openXlaClient(plugin, wish)
  try {
    const precision = precisionOn(client.platform, wish.precision)
    const cache = createProgramCache({ folder: programsFolder, maxBytes: MOST_PROGRAM_BYTES, threads })
    return createServingDevice({ client, precision, cache })
  } catch (error) {
    client.dispose()
    throw error
  }
}

/** @throws AppError engine_unavailable when the plugin cannot be used or finds no device */
export function openXlaClient(
  plugin: FoundPlugin,
  wish: Pick<XlaWish, 'devices' | 'memoryFraction' | 'threads'>
): XlaClient {
  const { threads } = wish
  const options = optionsFor(plugin, wish)
  // Read when the library is loaded: else every client tells its options on stderr.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1'
  if (threads === undefined || plugin.platform === 'gpu') return createXlaClient({ plugin: plugin.path, options })
  // XLA's CPU client has no option for it and asks the environment, once for each client.
  const before = process.env['NPROC']
  process.env['NPROC'] = String(threads)
  try {
    return createXlaClient({ plugin: plugin.path, options })
  } finally {
    if (before === undefined) delete process.env['NPROC']
    else process.env['NPROC'] = before
  }
}

/** Of XLA's own clients; a plugin refuses an option that it does not know. */
function optionsFor({ platform }: FoundPlugin, wish: Pick<XlaWish, 'devices' | 'memoryFraction'>): NamedValues {
  const { devices = 1, memoryFraction } = wish
  if (platform === 'cpu') return { cpu_device_count: devices }
  const fraction = memoryFraction === null ? {} : { memory_fraction: { float: memoryFraction } }
  // Taken as it is needed, so that what else runs on the GPU finds room.
  return platform === 'gpu' ? { preallocate: false, ...fraction } : fraction
}

function precisionOn(platform: string, wanted: Precision | 'auto'): Precision {
  if (wanted === 'auto') return platform === 'cpu' ? 'float32' : 'bfloat16'
  if (wanted === 'tf32' && platform === 'cpu') throw unavailable('tf32 is of GPUs, and the plugin computes on the CPU')
  return wanted
}

const unavailable = (reason: string): AppError =>
  new AppError('engine_unavailable', { message: `The xla engine cannot be used as asked: ${reason}.`, reason })
