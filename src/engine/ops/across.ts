/** What the devices of a step say together: each has its part of the batch, and all get the same result. No gradients. */
import { invariant } from '../../base/errors.ts'
import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused } from './fused.ts'

const allReduce = (op: 'AllReduceSum' | 'AllReduceMax'): FusedOp<number> => ({
  trace: ([x], replicas) => [
    trace.emit(op, [trace.name(x!)], x!.shape, { attributes: { replicas: { int: replicas } } })
  ],
  eager: () => {
    throw new Error('invariant: an engine that runs op by op has one device')
  }
})

const SUM = allReduce('AllReduceSum')
const MAX = allReduce('AllReduceMax')

/** The mean over `replicas` devices, elementwise. */
export const meanAcross = (x: Tensor, replicas: number): Tensor =>
  replicas === 1 ? x : tf.mul(runFused(SUM, [x], replicas)[0]!, 1 / replicas)

/** log of the mean of exp(x) over `replicas` devices, elementwise. */
export function logMeanExpAcross(x: Tensor, replicas: number): Tensor {
  if (replicas === 1) return x
  const [largest] = runFused(MAX, [x], replicas)
  invariant(largest, 'a reduction has a result')
  return tf.add(tf.log(meanAcross(tf.exp(tf.sub(x, largest)), replicas)), largest)
}
