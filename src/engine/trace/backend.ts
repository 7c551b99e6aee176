/**
 * A TensorFlow.js backend that computes nothing: its kernels append ONNX nodes, and its tensors have a name, a shape and
 * a type. Gradients are TensorFlow.js's own, so the backward pass is written down the same way.
 */
import { AppError, invariant } from '../../base/errors.ts'
import type { TensorSpec, Values } from '../tensor-spec.ts'
import { type Tensor, tf } from '../tf.ts'
import { FREE_BATCH, Graph, type GraphValue, type NodeOptions, type OnnxType } from './graph.ts'

export const TRACE_BACKEND = 'kappa-trace'

type Shape = readonly number[]
type TensorInfo = { dataId: object; shape: number[]; dtype: 'float32' | 'int32' | 'bool' }
interface Entry {
  readonly shape: Shape
  readonly type: OnnxType
  /** Set for constants, which become initializers when a node first uses them. */
  readonly values?: Values | undefined
  name?: string
}

export class TraceBackend extends tf.KernelBackend {
  graph = new Graph()
  #entries = new WeakMap<object, Entry>()

  override write(values: Values, shape: number[], dtype: 'float32' | 'int32' | 'bool'): object {
    return this.#add({ shape, type: dtype, values })
  }

  override move(dataId: object, values: Values, shape: number[], dtype: 'float32' | 'int32' | 'bool'): void {
    this.#entries.set(dataId, { shape, type: dtype, values })
  }

  override readSync(dataId: object): Values {
    const { values } = this.#entry(dataId)
    if (values) return values
    throw new AppError('program_untraceable', {
      message: 'The program reads the value of a tensor while it is traced.'
    })
  }

  override read(dataId: object): Promise<Values> {
    return Promise.resolve(this.readSync(dataId))
  }

  // Every kernel makes a new data id, so whatever TensorFlow.js lets go of is used by nobody else.
  override disposeData = (): boolean => true
  override refCount = (): number => 1
  override incRef = (): void => {}
  decRef = (): boolean => true
  override numDataIds = (): number => 0
  override floatPrecision = (): 32 => 32
  override epsilon = (): number => 1e-7
  override memory = () => ({ unreliable: true })

  /** The graph's value behind a tensor. */
  value(tensor: { dataId: object }): GraphValue {
    const entry = this.#entry(tensor.dataId)
    if (entry.name === undefined) {
      invariant(entry.values, 'a traced tensor has a name or values')
      entry.name = this.graph.constant(entry.values, entry.shape, entry.type)
    }
    return { name: entry.name, shape: entry.shape, type: entry.type }
  }

  name(tensor: { dataId: object }): string {
    return this.value(tensor).name
  }

  /** A tensor for a value that a node already computes. */
  info(name: string, shape: Shape, type: OnnxType = 'float32'): TensorInfo {
    this.graph.describe({ name, shape, type })
    const dataId = this.#add({ shape, type, name })
    return { dataId, shape: [...shape], dtype: type === 'uint8' || type === 'int64' ? 'int32' : type }
  }

  /** Appends a node with one output. */
  emit(
    op: string,
    inputs: readonly string[],
    shape: Shape,
    options: NodeOptions & { type?: OnnxType } = {}
  ): TensorInfo {
    const [name] = this.graph.node(op, inputs, options)
    return this.info(name!, shape, options.type)
  }

  input(spec: TensorSpec): Tensor {
    this.graph.inputs.push(spec)
    const shape = spec.shape.map((size) => (size === -1 ? FREE_BATCH : size))
    return tf.engine().makeTensorFromTensorInfo(this.info(spec.name, shape, spec.dtype))
  }

  #add(entry: Entry): object {
    const dataId = {}
    this.#entries.set(dataId, entry)
    return dataId
  }

  #entry(dataId: object): Entry {
    const entry = this.#entries.get(dataId)
    invariant(entry, 'the tensor belongs to another backend')
    return entry
  }
}

export const traceBackend = new TraceBackend()
tf.registerBackend(TRACE_BACKEND, () => traceBackend)

export const isTracing = (): boolean => tf.getBackend() === TRACE_BACKEND

/** Whether the program is written down for an engine that fuses: then plainly. */
export const isFused = (): boolean => isTracing() && traceBackend.graph.fuses

type NamedInputs = Readonly<Record<string, { dataId: object; shape: number[]; dtype: string }>>
export type Emitter = (inputs: NamedInputs, attributes: Readonly<Record<string, unknown>>) => TensorInfo | TensorInfo[]

/** Says how a TensorFlow.js kernel is written in ONNX. */
export function emitter(kernelName: string, emit: Emitter): void {
  tf.registerKernel({
    kernelName,
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, attrs }) => emit(inputs as NamedInputs, (attrs ?? {}) as Record<string, unknown>) as never
  })
}
