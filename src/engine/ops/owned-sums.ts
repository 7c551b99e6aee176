/** Sums over groups of rows, in a fixed order of addition. */
import { type Tensor, tf } from '../tf.ts'
import { traceBackend as trace } from '../trace/backend.ts'
import { type FusedOp, runFused } from './fused.ts'

/** Owners are whole numbers, told apart by a distance of less than that: one comparison, and no op for equality. */
const HALF = 0.5

const indices = (count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => index)

const OWNED_SUMS: FusedOp<number> = {
  trace: ([x, owners], count) => {
    const { graph } = trace
    const rows = x!.shape[0]!
    const row = (name: string) => trace.name(trace.emit('Reshape', [name, graph.integers([1, rows])], [1, rows]))
    const each = trace.emit('Cast', [trace.name(owners!)], [rows], { attributes: { to: { type: 'float32' } } })
    const all = graph.constant(indices(count), [count, 1], 'float32')
    const apart = trace.emit('Sub', [row(trace.name(each)), all], [count, rows])
    const distance = trace.emit('Abs', [trace.name(apart)], [count, rows])
    const half = graph.constant(Float32Array.of(HALF), [], 'float32')
    const isOwn = trace.emit('Less', [trace.name(distance), half], [count, rows], { type: 'bool' })
    const zero = graph.constant(Float32Array.of(0), [], 'float32')
    const own = trace.emit('Where', [trace.name(isOwn), row(trace.name(x!)), zero], [count, rows])
    const attributes = { keepdims: { int: 0 } }
    return [trace.emit('ReduceSum', [trace.name(own), graph.integers([1])], [count], { attributes })]
  },
  eager: ([x, owners], count) => {
    const isOwn = tf.equal(tf.reshape(owners!, [1, -1]), tf.range(0, count, 1, 'int32').reshape([-1, 1]))
    return [tf.sum(tf.where(isOwn, tf.reshape(x!, [1, -1]), 0), 1)]
  }
}

/**
 * x [rows] → [count]: the sum of each owner's rows, `owners` [rows] being int32 below `count`. Rows of others are chosen
 * away, not multiplied by 0: a value that is no number stays with its owner. No gradient.
 */
export const ownedSums = (x: Tensor, owners: Tensor, count: number): Tensor =>
  runFused(OWNED_SUMS, [x, owners], count)[0]!
