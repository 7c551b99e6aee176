import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused } from './fused.ts'

const SUM_SQUARES: FusedOp<null> = {
  trace: ([x]) => [trace.emit('ReduceSumSquare', [trace.name(x!)], [], { attributes: { keepdims: { int: 0 } } })],
  eager: ([x]) => [tf.sum(tf.square(x!))]
}

/** Σ x² over all elements, in one pass; a scalar without gradient. */
export const sumSquares = (x: Tensor): Tensor => runFused(SUM_SQUARES, [x], null)[0]!
