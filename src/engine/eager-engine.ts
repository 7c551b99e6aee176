/** Runs programs op by op on a TensorFlow.js backend that computes. What differs between such engines is the backend. */
import { AppError, invariant, toError } from '../base/errors.ts'
import type { Engine, Outputs } from './engine.ts'
import { type CheckedFeed, checkFeeds } from './feeds.ts'
import { createOnArrays } from './held-arrays.ts'
import type { Program } from './program.ts'
import { forgetGradients, type Tensors, tf } from './tf.ts'

export interface EagerEngineOptions {
  readonly name: Engine['name']
  readonly version: string
  readonly device: string
  readonly deviceKind: Engine['deviceKind']
  /** Name in TensorFlow.js's registry of backends. */
  readonly backend: string
}

export const createEagerEngine = ({ name, version, device, deviceKind, backend }: EagerEngineOptions): Engine => ({
  name,
  version,
  device,
  deviceKind,
  precision: 'float32',
  ...createOnArrays(async (program, { constants = {} } = {}) => ({
    async run(feeds) {
      const given = checkFeeds(program.inputs, { ...feeds, ...constants })
      // The tracer and other engines set their own.
      tf.setBackend(backend)
      try {
        return compute(program, given)
      } catch (error) {
        forgetGradients()
        throw explain(program, { thrown: error, engine: name })
      }
    },
    async dispose() {}
  }))
})

function compute(program: Program, given: readonly CheckedFeed[]): Outputs {
  const values: Outputs = {}
  tf.engine().startScope()
  try {
    const results = program.build(Object.fromEntries(given.map((feed) => [feed.spec.name, asTensor(feed)])))
    for (const name of program.outputs) {
      const tensor = results[name]
      invariant(tensor, `program ${program.name} returned no ${name}`)
      values[name] = read(tensor)
    }
    disposeAll(results)
  } finally {
    tf.engine().endScope()
  }
  return values
}

/** A program may have kept tensors alive across the end of its gradients. */
const disposeAll = (results: Tensors): void => tf.dispose({ ...results })

/** A copy: an untouched input's own array would otherwise be handed out. */
function read(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync()
  return values instanceof Float32Array ? values.slice() : Float32Array.from(values)
}

function asTensor({ spec, values, shape }: CheckedFeed): tf.Tensor {
  // Backends want 32-bit integers, and a native one cannot read shared memory.
  const isShared = values.buffer instanceof SharedArrayBuffer
  const plain = spec.dtype === 'uint8' ? Int32Array.from(values) : isShared ? values.slice() : values
  return tf.tensor(plain, shape, spec.dtype === 'float32' ? 'float32' : 'int32')
}

function explain(program: Program, { thrown, engine }: { thrown: unknown; engine: string }): Error {
  const error = toError(thrown)
  const op = /Kernel '([^']+)' not registered/.exec(error.message)?.[1]
  if (op !== undefined) {
    const message = `Program ${program.name} uses the op ${op}, which the ${engine} engine does not have.`
    return new AppError('engine_unavailable', { message, op }, { cause: error })
  }
  if (!/OOM when allocating|out of memory/i.test(error.message)) return error
  return new AppError('out_of_memory', {}, { cause: error })
}
