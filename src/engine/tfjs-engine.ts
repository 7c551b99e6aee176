/**
 * Runs programs op by op on libtensorflow, through `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. Neither is a
 * dependency: their install scripts download from outside npm. docs/engines.md says how to install one.
 */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { AppError, toError } from '../base/errors.ts'
import { createEagerEngine } from './eager-engine.ts'
import type { Engine } from './engine.ts'
import { tf } from './tf.ts'

export type TfjsEngineName = 'tfjs-node' | 'tfjs-node-gpu'

/** The name under which both packages register. */
const BACKEND = 'tensorflow'
/** From 23 on, Node lacks util functions that tfjs-node 4.22 calls. */
const FIRST_UNFIT_NODE = 23

interface NativeBackend {
  readonly isUsingGpuDevice: boolean
  readonly binding: { readonly TF_Version: string }
}

interface Loaded {
  readonly name: TfjsEngineName
  readonly threads: number
  readonly device: string
  readonly deviceKind: Engine['deviceKind']
}

const require = createRequire(import.meta.url)

/** Its libraries stay in the process, and the two packages' have the same names: whichever is loaded first remains. */
let loaded: Loaded | null = null

export interface TfjsEngineOptions {
  /** Threads of one op; all cores by default. They are set once for the process. */
  readonly threads?: number | undefined
}

/** @throws AppError engine_unavailable, saying why the package cannot be used here */
export function createTfjsEngine(
  name: TfjsEngineName,
  { threads = availableParallelism() }: TfjsEngineOptions = {}
): Engine {
  const packageName = checkFit(name)
  loaded ??= load(name, { packageName, threads })
  if (loaded.name !== name) throw unavailable(name, `this process has loaded ${loaded.name}, and takes no second one`)
  if (loaded.threads !== threads) {
    throw unavailable(name, `TensorFlow already runs with ${countOf(loaded.threads)} in this process, not ${threads}`)
  }
  // The version that fits is the only one, see checkFit.
  const version = `${packageName} ${tf.version.tfjs}`
  const { device, deviceKind } = loaded
  return createEagerEngine({ name, version, device, deviceKind, backend: BACKEND })
}

function load(name: TfjsEngineName, { packageName, threads }: { packageName: string; threads: number }): Loaded {
  // TensorFlow reads them when its first device is made.
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads)
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1'
  // On NVIDIA's Ampere and later TensorFlow multiplies in TF32, 10 bits of mantissa, and calls it float32.
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0'
  // Undefined until something has computed.
  const previous: string | undefined = tf.getBackend()
  try {
    require(packageName)
  } catch (error) {
    // The rest of its message is advice on installing, which docs/engines.md gives for here.
    const [reason] = toError(error).message.split(/\.?\s*\n/)
    throw unavailable(name, `${packageName} is installed and does not load: ${reason}`)
  }
  // TensorFlow.js keeps its registry on the global object, so the package finds ours from wherever it was resolved.
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as NativeBackend
  if (previous !== undefined) tf.setBackend(previous)
  if (name === 'tfjs-node-gpu' && !isUsingGpuDevice) throw unavailable(name, 'TensorFlow finds no GPU that it can use')
  const device = isUsingGpuDevice ? 'cuda' : `cpu, ${countOf(threads)}`
  const deviceKind = isUsingGpuDevice ? 'gpu' : 'cpu'
  return { name, threads, device: `${device}, TensorFlow ${binding.TF_Version}`, deviceKind }
}

/** @returns the package, which is installed in the version that fits */
function checkFit(name: TfjsEngineName): string {
  const packageName = `@tensorflow/${name}`
  const major = Number(process.versions.node.split('.')[0])
  if (major >= FIRST_UNFIT_NODE) throw unavailable(name, `it runs on Node 22, not ${process.versions.node}`)
  if (!isMainThread) throw unavailable(name, 'it runs on the main thread of a process only')
  const version = installedVersion(packageName)
  if (version === null) throw unavailable(name, `${packageName} is not installed; docs/engines.md says how`)
  const wanted = tf.version.tfjs
  if (version !== wanted) throw unavailable(name, `${packageName} is ${version}, and TensorFlow.js here is ${wanted}`)
  return packageName
}

function installedVersion(packageName: string): string | null {
  try {
    return (require(`${packageName}/package.json`) as { version: string }).version
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null
    throw error
  }
}

const countOf = (threads: number): string => `${threads} ${threads === 1 ? 'thread' : 'threads'}`

const unavailable = (engine: TfjsEngineName, reason: string): AppError =>
  new AppError('engine_unavailable', { message: `The ${engine} engine cannot be used: ${reason}.`, engine, reason })
