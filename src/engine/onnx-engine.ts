/** Runs programs as ONNX graphs in ONNX Runtime. Every run computes on the calling thread and its pool: use a process. */
import { availableParallelism } from 'node:os'
import * as ort from 'onnxruntime-node'
import { AppError, invariant, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import type { Device, Engine, LoadedProgram, LoadOptions, Outputs, Precision } from './engine.ts'
import { type CheckedFeed, checkFeeds } from './feeds.ts'
import { lowerProducts } from './passes/low-products.ts'
import type { Program } from './program.ts'
import { repeatedInputs } from './repeat.ts'
import type { DType, TensorSpec } from './tensor-spec.ts'
import type { WholeGraph } from './trace/graph.ts'
import { loopOf } from './trace/loop.ts'
import { encodeModel } from './trace/onnx-model.ts'
import { outputName, traceProgram } from './trace/trace.ts'

export interface OnnxEngineOptions {
  /** Threads of one run; all cores by default. Equal results need equal threads. */
  readonly threads?: number | undefined
  /** `cuda` where `chooseDevice` found it. */
  readonly device?: Device | undefined
  /** Of matrix products; by default bfloat16 on CUDA and float32 on the CPU. */
  readonly precision?: Precision | undefined
}

/** On CUDA every call moves the state over the bus twice; with so many steps in a call that is little of its time. */
const STEPS_PER_CALL = { cpu: 1, cuda: 16 } as const
const PRECISION = { cpu: 'float32', cuda: 'bfloat16' } as const

export function createOnnxEngine({
  threads = availableParallelism(),
  device = 'cpu',
  precision = PRECISION[device]
}: OnnxEngineOptions = {}): Engine {
  const cores = `${threads} ${threads === 1 ? 'thread' : 'threads'}`
  return {
    name: 'onnx',
    device: [device === 'cpu' ? `cpu, ${cores}` : device, ...(precision === 'float32' ? [] : [precision])].join(', '),
    precision,
    stepsPerCall: STEPS_PER_CALL[device],
    async load(program, options = {}) {
      const { constants = {}, repeat } = options
      const graph = graphOf(program, options, { device, precision })
      const session = await open(encodeModel(graph, 'kappa'), { threads, device })
      const specs = repeat ? repeatedInputs(program, repeat) : program.inputs
      const inputs = specs.filter(({ name }) => !(name in constants))
      const outputs = program.outputs.map((name) => [name, outputName(program, name)] as const)
      return loaded(session, inputs, outputs)
    }
  }
}

type Place = { readonly device: Device; readonly precision: Precision }

function graphOf(program: Program, { constants, repeat, mayRound }: LoadOptions, place: Place): WholeGraph {
  const { device, precision: type } = place
  const traced = traceProgram(program, constants === undefined ? {} : { constants })
  // The CPU has no kernels for bfloat16, and computes float16 products in float32 without rounding.
  const graph = mayRound && type !== 'float32' ? lowerProducts(traced, { type, rounded: device === 'cpu' }) : traced
  return repeat ? loopOf(graph, repeat, (name) => outputName(program, name)) : graph
}

/**
 * An exported model file; outputs have the names they have in the file.
 * @throws AppError model_not_ready when the file cannot be read as an ONNX model
 */
export async function openOnnxFile(path: string, { threads, device }: OnnxEngineOptions = {}): Promise<LoadedProgram> {
  const session = await open(path, { threads: threads ?? availableParallelism(), device: device ?? 'cpu' })
  return loaded(
    session,
    session.inputMetadata.map(inputSpec),
    session.outputNames.map((name) => [name, name] as const)
  )
}

interface Running {
  readonly threads: number
  readonly device: Device
}

async function open(model: string | Uint8Array, { threads, device }: Running): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    // What a device has no kernel for runs on the CPU behind it.
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Planning one block for all activations costs 40 % more memory, since the first run has already filled the arena, and
    // wins no time.
    enableMemPattern: false,
    logSeverityLevel: 3
  }
  if (typeof model !== 'string') return ort.InferenceSession.create(model, options).catch(rethrow)
  try {
    return await ort.InferenceSession.create(model, options)
  } catch (error) {
    throw new AppError('model_not_ready', { message: `The model file cannot be opened: ${toError(error).message}` })
  }
}

function inputSpec(metadata: ort.InferenceSession.ValueMetadata): TensorSpec {
  invariant(metadata.isTensor, `input ${metadata.name} is a tensor`)
  const shape = metadata.shape.map((size) => (typeof size === 'number' ? size : -1))
  return { name: metadata.name, shape, dtype: metadata.type as DType }
}

type OutputNames = readonly (readonly [name: string, inSession: string])[]

function loaded(session: ort.InferenceSession, inputs: readonly TensorSpec[], outputs: OutputNames): LoadedProgram {
  const fetches = outputs.map(([, inSession]) => inSession)
  return {
    async run(feeds) {
      const tensors = Object.fromEntries(checkFeeds(inputs, feeds).map((feed) => [feed.spec.name, asTensor(feed)]))
      const results = await session.run(tensors, fetches).catch(rethrow)
      const values: Outputs = {}
      for (const [name, inSession] of outputs) values[name] = results[inSession]!.data as Float32Array
      return values
    },
    dispose: () => session.release()
  }
}

// ONNX Runtime reads plain arrays in place and refuses shared memory.
function asTensor({ spec, values, shape }: CheckedFeed): ort.Tensor {
  const plain = values.buffer instanceof SharedArrayBuffer ? values.slice() : values
  return new ort.Tensor(spec.dtype as 'float32', plain as Float32Array, shape)
}

function rethrow(thrown: unknown): never {
  const error = toError(thrown)
  if (!isOutOfMemory(error)) throw error
  throw new AppError('out_of_memory', {}, { cause: error })
}
