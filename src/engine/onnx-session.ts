/** ONNX files and graphs, opened in ONNX Runtime. Needs no tracing, and so little to be loaded: threads have it too. */
import { availableParallelism } from 'node:os'
import * as ort from 'onnxruntime-node'
import { AppError, invariant, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import type { LoadedProgram, Outputs } from './engine.ts'
import { type CheckedFeed, checkFeeds } from './feeds.ts'
import type { DType, TensorSpec } from './tensor-spec.ts'

export interface OnnxOptions {
  /** Threads of one run; all cores by default. Equal results need equal threads. */
  readonly threads?: number | undefined
  /**
   * False: threads sleep while they wait for each other. Else they keep their cores busy, beyond the end of a run: ViT-S by two threads took 79 ms
   * of a processor an image, and 55 when they slept, for 29 instead of 26 ms by the clock.
   */
  readonly spins?: boolean | undefined
}

/**
 * An exported model file; outputs have the names they have in the file.
 * @throws AppError model_not_ready when the file cannot be read as an ONNX model
 */
export async function openOnnxFile(path: string, { threads, spins }: OnnxOptions = {}): Promise<LoadedProgram> {
  const session = await openSession(path, threads ?? availableParallelism(), spins)
  return loaded(
    session,
    session.inputMetadata.map(inputSpec),
    session.outputNames.map((name) => [name, name] as const)
  )
}

export async function openSession(
  model: string | Uint8Array,
  threads: number,
  spins = true
): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Planning one block for all activations costs 40 % more memory, since the first run has already filled the arena, and
    // wins no time.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(!spins && { extra: { session: { intra_op: { allow_spinning: '0' } } } })
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

export function loaded(
  session: ort.InferenceSession,
  inputs: readonly TensorSpec[],
  outputs: OutputNames
): LoadedProgram {
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
