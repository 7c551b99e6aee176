/** Decisions that depend on a computed scalar. */
import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused } from './fused.ts'

/** Less than the largest float32: neither infinite nor no number. */
const LARGEST = 3.4028234663852886e38

const IS_FINITE: FusedOp<null> = {
  trace: ([x]) => {
    const largest = trace.graph.constant(Float32Array.of(LARGEST), [], 'float32')
    return [trace.emit('Less', [trace.name(x!), largest], [], { type: 'bool' })]
  },
  eager: ([x]) => [tf.less(x!, LARGEST)]
}

/** Whether a scalar that is 0 or more is a finite number; a boolean without gradient. */
export const isFiniteScalar = (x: Tensor): Tensor => runFused(IS_FINITE, [x], null)[0]!

const CHOOSE: FusedOp<null> = {
  trace: ([condition, yes, no]) => [
    trace.emit('Where', [trace.name(condition!), trace.name(yes!), trace.name(no!)], yes!.shape)
  ],
  eager: ([condition, yes, no]) => [tf.where(condition as tf.Tensor<tf.Rank>, yes!, no!)]
}

/** `yes` or `no`, of one shape, whole; the other may hold anything. No gradient. */
export const choose = (condition: Tensor, yes: Tensor, no: Tensor): Tensor =>
  runFused(CHOOSE, [condition, yes, no], null)[0]!
