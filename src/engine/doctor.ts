/** What this machine can compute with, measured and not looked up. */
import { createRequire } from 'node:module'
import { isAppError, toError } from '../base/errors.ts'
import { createCpuEngine } from './cpu-engine.ts'
import { examineCuda } from './devices.ts'
import type { Engine, EngineName, Precision } from './engine.ts'
import { hasNvidiaDriver } from './nvidia.ts'
import { createOnnxEngine } from './onnx-engine.ts'
import type { Program } from './program.ts'
import { tf } from './tf.ts'
import { createTfjsEngine, type TfjsEngineName } from './tfjs-engine.ts'

export interface EngineReport {
  readonly name: EngineName
  readonly available: boolean
  /** Why not, when it is not. */
  readonly problem?: string
  readonly device?: string
  readonly precision?: Precision
  readonly version?: string
  /** Of one product of two square matrices of `size`. */
  readonly gigaflops?: number
  readonly size?: number
}

const RUNS = 5

function squareProduct(size: number): Program {
  const shape = [size, size]
  return {
    name: 'square-product',
    inputs: [
      { name: 'a', shape, dtype: 'float32' },
      { name: 'b', shape, dtype: 'float32' }
    ],
    // One number comes back, so that the product is timed and not the copy of its result.
    outputs: ['largest'],
    build: ({ a, b }) => ({ largest: tf.max(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)) })
  }
}

/** The best of a few runs: other processes only ever make it slower. */
async function measure(engine: Engine, size: number): Promise<number> {
  const program = await engine.load(squareProduct(size), { mayRound: true })
  const values = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i))
  let fastest = Number.POSITIVE_INFINITY
  try {
    for (let run = 0; run < RUNS; run++) {
      const start = performance.now()
      await program.run({ a: values, b: values })
      fastest = Math.min(fastest, performance.now() - start)
    }
  } finally {
    await program.dispose()
  }
  return (2 * size ** 3) / (fastest * 1e6)
}

const require = createRequire(import.meta.url)
const versionOf = (name: string): string => (require(`${name}/package.json`) as { version: string }).version

interface Candidate {
  readonly name: EngineName
  readonly create: () => Engine
  readonly packageName: string
  /** 2048 where it takes milliseconds; plain JavaScript would need minutes. */
  readonly size: number
}

/** Takes a few seconds. An engine that cannot run is reported, not thrown. */
export async function examine(threads?: number): Promise<EngineReport[]> {
  const tfjs = (name: TfjsEngineName): Candidate => ({
    name,
    create: () => createTfjsEngine(name, { threads }),
    packageName: `@tensorflow/${name}`,
    size: 2048
  })
  // Of two TensorFlows a process takes the first that loads.
  const isGpuFirst = hasNvidiaDriver()
  const candidates: Candidate[] = [
    { name: 'onnx', create: () => createOnnxEngine({ threads }), packageName: 'onnxruntime-node', size: 2048 },
    ...(isGpuFirst ? [tfjs('tfjs-node-gpu'), tfjs('tfjs-node')] : [tfjs('tfjs-node'), tfjs('tfjs-node-gpu')]),
    { name: 'cpu', create: createCpuEngine, packageName: '@tensorflow/tfjs', size: 256 }
  ]
  const reports: EngineReport[] = []
  for (const candidate of candidates) reports.push(await report(candidate))
  return reports
}

/** The onnx engine's other device, in float32 and in the precision that it trains with. */
export async function examineOnCuda(threads?: number): Promise<EngineReport[]> {
  const { available, problem } = await examineCuda()
  if (!available) return [{ name: 'onnx', available, device: 'cuda', problem: problem! }]
  const reports: EngineReport[] = []
  for (const precision of ['float32', 'bfloat16'] as const) {
    const create = () => createOnnxEngine({ threads, device: 'cuda', precision })
    reports.push(await report({ name: 'onnx', create, packageName: 'onnxruntime-node', size: 2048 }))
  }
  return reports
}

async function report({ name, create, packageName, size }: Candidate): Promise<EngineReport> {
  try {
    const engine = create()
    const gigaflops = await measure(engine, size)
    const version = `${packageName} ${versionOf(packageName)}`
    return { name, available: true, device: engine.device, precision: engine.precision, version, gigaflops, size }
  } catch (error) {
    const reason = isAppError(error) ? error.details['reason'] : undefined
    return { name, available: false, problem: String(reason ?? toError(error).message) }
  }
}
