/** Ops that move values without computing. They keep uint8 as it is, so that crops are cut at a quarter of the bytes. */
import { tf } from '../tf.ts'
import { emitter, traceBackend as trace } from './backend.ts'
import { dependsOnBatch } from './graph.ts'

const FREE = -1

emitter('Reshape', ({ x }, { shape }) => {
  const target = tf.util.inferFromImplicitShape(shape as number[], tf.util.sizeFromShape(x!.shape))
  const { name, type } = trace.value(x!)
  const sizes = trace.graph.integers(target.map((size) => (dependsOnBatch(size) ? FREE : size)))
  return trace.emit('Reshape', [name, sizes], target, { type })
})

emitter('Transpose', ({ x }, { perm }) => {
  const axes = perm as number[]
  const { name, type } = trace.value(x!)
  const shape = axes.map((axis) => x!.shape[axis]!)
  return trace.emit('Transpose', [name], shape, { attributes: { perm: { ints: axes } }, type })
})

emitter('Concat', (inputs, { axis }) => {
  const parts = Object.values(inputs)
  const along = tf.util.parseAxisParam(axis as number, parts[0]!.shape)[0]!
  const shape = [...parts[0]!.shape]
  shape[along] = parts.reduce((sum, part) => sum + part.shape[along]!, 0)
  const { type } = trace.value(parts[0]!)
  const names = parts.map((part) => trace.name(part))
  return trace.emit('Concat', names, shape, { attributes: { axis: { int: along } }, type })
})

// ONNX reads any end beyond the last element as "to the end", which keeps the batch dimension free.
const TO_THE_END = 2 ** 31 - 1

emitter('Slice', ({ x }, { begin, size }) => {
  const from = begin as number[]
  const shape = (size as number[]).map((wanted, axis) => (wanted < 0 ? x!.shape[axis]! - from[axis]! : wanted))
  const { name, type } = trace.value(x!)
  const axes = shape.flatMap((wanted, axis) => (wanted === x!.shape[axis] ? [] : [axis]))
  if (axes.length === 0) return trace.info(name, shape, type)
  const { graph } = trace
  const ends = axes.map((axis) => (dependsOnBatch(shape[axis]!) ? TO_THE_END : from[axis]! + shape[axis]!))
  const starts = graph.integers(axes.map((axis) => from[axis]!))
  return trace.emit('Slice', [name, starts, graph.integers(ends), graph.integers(axes)], shape, { type })
})

emitter('PadV2', ({ x }, { paddings }) => {
  const pads = paddings as [number, number][]
  const shape = x!.shape.map((size, axis) => size + pads[axis]![0] + pads[axis]![1])
  const amounts = trace.graph.integers([...pads.map(([before]) => before), ...pads.map(([, after]) => after)])
  const { name, type } = trace.value(x!)
  return trace.emit('Pad', [name, amounts], shape, { type })
})

emitter('SplitV', ({ x }, { numOrSizeSplits, axis }) => {
  const along = tf.util.parseAxisParam(axis as number, x!.shape)[0]!
  const sizes = tf.backend_util.prepareSplitSize(x as never, numOrSizeSplits as number[], along)
  const { name, type } = trace.value(x!)
  const outputs = trace.graph.node('Split', [name, trace.graph.integers(sizes)], {
    attributes: { axis: { int: along } },
    count: sizes.length
  })
  return outputs.map((output, i) => trace.info(output, x!.shape.with(along, sizes[i]!), type))
})

emitter('GatherV2', ({ x, indices }, { axis }) => {
  const along = tf.util.parseAxisParam(axis as number, x!.shape)[0]!
  const shape = [...x!.shape.slice(0, along), ...indices!.shape, ...x!.shape.slice(along + 1)]
  const { name, type } = trace.value(x!)
  return trace.emit('Gather', [name, trace.name(indices!)], shape, { attributes: { axis: { int: along } }, type })
})

emitter('Tile', ({ x }, { reps }) => {
  const counts = reps as number[]
  const shape = x!.shape.map((size, axis) => size * counts[axis]!)
  const { name, type } = trace.value(x!)
  return trace.emit('Tile', [name, trace.graph.integers(counts)], shape, { type })
})

emitter('Fill', (_, { shape, value, dtype }) => {
  const sizes = shape as number[]
  const type = (dtype as 'float32' | 'int32' | undefined) ?? 'float32'
  const values = new Float32Array(tf.util.sizeFromShape(sizes)).fill(Number(value))
  return trace.info(trace.graph.constant(values, sizes, type), sizes, type)
})
