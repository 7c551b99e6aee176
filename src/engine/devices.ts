/** Which device ONNX Runtime computes on here: CUDA where its provider is installed and loads, else the CPU. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { AppError, toError } from '../base/errors.ts'
import type { Device, WantedDevice } from './engine.ts'
import { encodeModel } from './trace/onnx-model.ts'

/** What the npm package leaves to its install script, which `.npmrc` switches off. */
const PROVIDER_FILES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const

export interface CudaReport {
  readonly available: boolean
  readonly installed: boolean
  /** Why it is not available, and what to do about it. */
  readonly problem?: string
}

const require = createRequire(import.meta.url)

/** Beside the binding, where ONNX Runtime looks for them. */
function providerFolder(): string {
  const root = join(dirname(require.resolve('onnxruntime-node')), '..')
  return join(root, 'bin', 'napi-v6', process.platform, process.arch)
}

/** Opens a small session on the device; nothing is loaded where nothing is installed. */
export async function examineCuda(folder: string = providerFolder()): Promise<CudaReport> {
  const platform = `${process.platform}-${process.arch}`
  if (platform !== 'linux-x64') return { ...ABSENT, problem: `ONNX Runtime has no CUDA for ${platform}` }
  const missing = PROVIDER_FILES.filter((file) => !existsSync(join(folder, file)))
  if (missing.length > 0) {
    return { ...ABSENT, problem: `${missing.join(' and ')} not installed; docs/engines.md has the command` }
  }
  computeExactly()
  try {
    const session = await ort.InferenceSession.create(SMALLEST_MODEL, { executionProviders: ['cuda'] })
    await session.release()
    return { available: true, installed: true }
  } catch (error) {
    const reason = whyNotLoaded(folder) ?? toError(error).message
    const problem = `the provider does not load: ${reason}; docs/engines.md names what it needs`
    return { available: false, installed: true, problem }
  }
}

/** ONNX Runtime prints what the loader says and throws less; the loader is asked again. Undefined when it has no complaint. */
function whyNotLoaded(folder: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, join(folder, PROVIDER_FILES[1]))
  } catch (error) {
    const { message } = toError(error)
    // It is no addon of Node's, which is what Node says once the library itself has loaded.
    if (!/self-register/.test(message)) return message
  }
  return undefined
}

const ABSENT = { available: false, installed: false } as const

/**
 * cuBLAS would compute float32 products with the ten bits of TF32, and what stays in float32 does so for a reason. The
 * library reads the variable when it is loaded; a value that is set already is left alone.
 */
function computeExactly(): void {
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0'
}

const SMALLEST_MODEL = encodeModel(
  {
    inputs: [{ name: 'x', shape: [1], type: 'float32' }],
    outputs: [{ name: 'y', shape: [1], type: 'float32' }],
    nodes: [{ op: 'Neg', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} }],
    initializers: []
  },
  'kappa'
)

export interface ChosenDevice {
  readonly device: Device
  /** Why `auto` passed over a provider that is installed. */
  readonly problem?: string
}

/** @throws AppError engine_unavailable when `cuda` is asked for and cannot be had */
export async function chooseDevice(
  wanted: WantedDevice,
  examine: () => Promise<CudaReport> = examineCuda
): Promise<ChosenDevice> {
  if (wanted === 'cpu') return { device: 'cpu' }
  const { available, installed, problem } = await examine()
  if (available) return { device: 'cuda' }
  if (wanted === 'auto') return { device: 'cpu', ...(installed && problem !== undefined ? { problem } : {}) }
  throw new AppError('engine_unavailable', { message: `CUDA was asked for and is not available: ${problem}.` })
}
