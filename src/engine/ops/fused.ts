/**
 * Ops beyond TensorFlow.js's own: one ONNX node with several results under the tracing engine, plain ops under an eager
 * one. Gradients are given by hand, since nobody can derive them from a fused node.
 */

import { type Tensor, tf } from '../tf.ts'
import { isTracing } from '../trace/backend.ts'

export interface FusedOp<Attributes> {
  /** Appends the node and returns a tensor for each of its outputs. */
  trace(inputs: readonly Tensor[], attributes: Attributes): readonly TracedInfo[]
  /** The same in plain ops. */
  eager(inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[]
}

type TracedInfo = Parameters<ReturnType<typeof tf.engine>['makeTensorFromTensorInfo']>[0]

export function runFused<A>(op: FusedOp<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  if (!isTracing()) return tf.tidy(() => [...op.eager(inputs, attributes)])
  return op.trace(inputs, attributes).map((info) => tf.engine().makeTensorFromTensorInfo(info))
}

export interface Forward {
  readonly value: Tensor
  /** What the backward pass needs besides the inputs. */
  readonly saved?: readonly Tensor[]
}

export interface Differentiable<I extends readonly Tensor[]> {
  readonly inputs: I
  forward(): Forward
  /** One gradient for each input, in order. `saved` holds what `forward` returned under that name. */
  backward(dy: Tensor, inputs: I, saved: readonly Tensor[]): readonly Tensor[]
}

/**
 * A function with its own gradient. The backward pass gets the inputs again, because an eager engine frees tensors that
 * nobody saved; take them from there, not from the closure.
 */
export function withGradient<I extends readonly Tensor[]>({ inputs, forward, backward }: Differentiable<I>): Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as (tensors: Tensor[]) => void
    const { value, saved = [] } = forward()
    save([...inputs, ...saved])
    // What it computes on the way would live to the end of the whole gradient: 8.7 of 11.1 GB in a step of ViT-T.
    const gradFunc = (dy: Tensor, all: Tensor[]) =>
      tf.tidy(() => [...backward(dy, all.slice(0, inputs.length) as unknown as I, all.slice(inputs.length))])
    return { value, gradFunc: gradFunc as never }
  })
  return op(...inputs)
}
