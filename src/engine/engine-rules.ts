/** What keeps an engine from being had, told without loading one: before images are packed, or a worker says what it has. */
import { AppError } from '../base/errors.ts'
import type { EngineName, Precision } from './engine.ts'
import { findPlugin } from './xla/find-plugin.ts'

export const unavailable = (message: string): AppError => new AppError('engine_unavailable', { message })

/**
 * Of all engines but xla.
 * @param why xla was passed over; for the end of a sentence
 * @throws AppError engine_unavailable
 */
export function checkPlain(
  name: Exclude<EngineName, 'xla'>,
  { precision }: { readonly precision: Precision | 'auto' },
  { devices = 1, problem }: { readonly devices?: number | undefined; readonly problem?: string | undefined }
): void {
  const why = problem === undefined ? '' : ` xla was passed over: ${problem}.`
  if (precision !== 'auto' && precision !== 'float32')
    throw unavailable(`The ${name} engine computes in float32 only, not ${precision}.${why}`)
  if (devices === 1) return
  const several = why || ' Only xla has several: npx kappa engine install xla-cuda, or xla-cpu with KAPPA_ENGINE=xla.'
  throw unavailable(`The ${name} engine computes on one device, not on ${devices}.${several}`)
}

/** What the environment says, as far as it is read here. */
interface Choice {
  readonly name: EngineName | 'auto'
  readonly precision: Precision | 'auto'
  readonly plugin: string | null
}

/**
 * What can be told from files and words alone; opening the engine may still find more.
 * @returns what it would train on; whatever is no CPU counts as a GPU
 * @throws AppError engine_unavailable
 */
export async function foreseeEngine(choice: Choice, devices: number, find = findPlugin): Promise<'cpu' | 'gpu'> {
  const { name, plugin } = choice
  if (name !== 'xla' && name !== 'auto') {
    checkPlain(name, choice, { devices })
    return 'cpu'
  }
  const found = await find(plugin)
  if (name === 'xla') {
    if ('reason' in found) throw unavailable(`The xla engine cannot be used: ${found.reason}.`)
    return found.platform === 'cpu' ? 'cpu' : 'gpu'
  }
  if ('path' in found && found.platform !== 'cpu') return 'gpu'
  const isMissed = 'reason' in found && (plugin !== null || found.isForGpu)
  const problem = 'reason' in found ? (isMissed ? found.reason : undefined) : found.missing
  checkPlain('onnx', choice, { devices, problem })
  return 'cpu'
}
