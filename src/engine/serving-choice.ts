/** What serves, as the environment says it. Of a file of its own: the API's bundle on Lambda opens no device, and has nothing that traces programs. */
import type { Precision } from './engine.ts'
import { unavailable } from './engine-rules.ts'
import { findPlugin } from './xla/find-plugin.ts'

/** `auto` is xla where its plugin computes on a GPU, else onnx. */
export const SERVING_ENGINES = ['onnx', 'xla', 'auto'] as const
export type ServingEngine = (typeof SERVING_ENGINES)[number]

/** What the environment says. */
export interface ServingChoice {
  readonly name: ServingEngine
  /** Of products on the device; onnx computes in float32. */
  readonly precision: Precision
  /** As of training: the same plugin, the same share of a GPU's memory, the same folder of compiled programs. */
  readonly plugin: string | null
  readonly memoryFraction: number | null
  readonly programsFolder: string
}

/**
 * What can be told from files and words alone, before a process is started; opening the plugin may still find more.
 * @throws AppError engine_unavailable
 */
export async function foreseeServing({ name, precision, plugin }: ServingChoice, find = findPlugin): Promise<void> {
  if (name === 'onnx' && precision !== 'float32')
    throw unavailable(
      `KAPPA_INFERENCE_PRECISION is ${precision}, and KAPPA_INFERENCE_ENGINE=onnx serves in float32 only.`
    )
  if (name !== 'xla') return
  const found = await find(plugin)
  if ('reason' in found) throw unavailable(`KAPPA_INFERENCE_ENGINE is xla, which cannot be used: ${found.reason}.`)
}
