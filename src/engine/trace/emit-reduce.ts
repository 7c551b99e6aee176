import { tf } from '../tf.ts'
import { type Emitter, emitter, traceBackend as trace } from './backend.ts'

/** Opset 17 takes the axes of ReduceSum as an input and those of the other reductions as an attribute. */
function reduction(op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax', axisAttribute: string): Emitter {
  return ({ x }, attributes) => {
    const axes = tf.util.parseAxisParam(attributes[axisAttribute] as number[], x!.shape)
    const keep = attributes['keepDims'] === true
    const shape = x!.shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]))
    const keepdims = { int: keep ? 1 : 0 }
    if (op === 'ReduceSum') {
      const inputs = [trace.name(x!), trace.graph.integers(axes)]
      return trace.emit(op, inputs, shape, { attributes: { keepdims } })
    }
    return trace.emit(op, [trace.name(x!)], shape, { attributes: { axes: { ints: axes }, keepdims } })
  }
}

emitter('Sum', reduction('ReduceSum', 'axis'))
emitter('Mean', reduction('ReduceMean', 'axis'))
emitter('Max', reduction('ReduceMax', 'reductionIndices'))

/** The first of the largest; its index is computed as int64 and counts as int32. */
emitter('ArgMax', ({ x }, { axis }) => {
  const shape = x!.shape.filter((_, i) => i !== axis)
  const attributes = { axis: { int: Number(axis) }, keepdims: { int: 0 } }
  const index = trace.emit('ArgMax', [trace.name(x!)], shape, { attributes, type: 'int64' })
  return trace.emit('Cast', [trace.name(index)], shape, { attributes: { to: { type: 'int32' } }, type: 'int32' })
})
