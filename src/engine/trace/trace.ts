/** Writes a program down as an ONNX model by running it once on the tracing backend. */
import { AppError, invariant, toError } from '../../base/errors.ts'
import type { Program } from '../program.ts'
import { forgetGradients, type Tensors, tf } from '../tf.ts'
import { TRACE_BACKEND, traceBackend } from './backend.ts'
import './emit-arithmetic.ts'
import './emit-matmul.ts'
import './emit-reduce.ts'
import './emit-shape.ts'
import { dependsOnBatch, Graph, type GraphValue, type WholeGraph } from './graph.ts'
import { encodeModel } from './onnx-model.ts'

export interface TraceOptions {
  /** Inputs baked in as initializers, by name; row-major in the shape of the program's input. */
  readonly constants?: Readonly<Record<string, Float32Array>>
  /** As `Engine.fuses` of the engine that will run it. */
  readonly fuses?: boolean
}

/** A state tensor is an input and, after the step, an output of the same name; ONNX wants the names apart. */
export const outputName = ({ inputs }: Program, name: string): string =>
  inputs.some((input) => input.name === name) ? `next.${name}` : name

/** The program as an ONNX file (opset 17 and com.microsoft ops). @throws AppError program_untraceable */
export const traceToOnnx = (program: Program, options: TraceOptions = {}): Uint8Array =>
  encodeModel(traceProgram(program, options), 'kappa')

/**
 * The program as a graph. Inputs with a leading -1 keep that dimension free.
 * Synchronous: nothing else may use TensorFlow.js meanwhile, and nothing can.
 * @throws AppError program_untraceable, with the op's name when it has no emitter
 */
export function traceProgram(program: Program, { constants = {}, fuses = false }: TraceOptions = {}): WholeGraph {
  // Undefined until something has computed.
  const previous: string | undefined = tf.getBackend()
  tf.setBackend(TRACE_BACKEND)
  traceBackend.graph = new Graph({ fuses })
  tf.engine().startScope()
  try {
    const results = program.build(traceInputs(program, constants))
    const outputs = program.outputs.map((name) => finish(program, results, name))
    // A program may have kept tensors alive across the end of its gradients.
    tf.dispose({ ...results })
    const inputs = traceBackend.graph.inputs.map(({ name, shape, dtype }) => ({ name, shape, type: dtype }))
    return { inputs, outputs, ...traceBackend.graph.finished() }
  } catch (error) {
    forgetGradients()
    throw explain(program, error)
  } finally {
    tf.engine().endScope()
    traceBackend.graph = new Graph()
    if (previous !== undefined) tf.setBackend(previous)
  }
}

function traceInputs(program: Program, constants: Readonly<Record<string, Float32Array>>): Tensors {
  const tensors: Record<string, tf.Tensor> = {}
  for (const spec of program.inputs) {
    const values = constants[spec.name]
    tensors[spec.name] = values ? tf.tensor(values, [...spec.shape], 'float32') : traceBackend.input(spec)
  }
  return tensors
}

function finish(program: Program, results: Tensors, name: string): GraphValue {
  const tensor = results[name]
  invariant(tensor, `program ${program.name} returned no ${name}`)
  const wanted = outputName(program, name)
  traceBackend.graph.output(traceBackend.name(tensor), wanted)
  return { name: wanted, shape: tensor.shape.map((size) => (dependsOnBatch(size) ? -1 : size)), type: 'float32' }
}

function explain(program: Program, thrown: unknown): Error {
  const error = toError(thrown)
  const op = /Kernel '([^']+)' not registered/.exec(error.message)?.[1]
  if (op === undefined) return error
  const message = `Program ${program.name} uses the op ${op}, which has no ONNX emitter.`
  return new AppError('program_untraceable', { message, op }, { cause: error })
}
