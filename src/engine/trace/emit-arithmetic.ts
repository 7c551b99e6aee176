/** Elementwise ops: one node each, broadcasting as NumPy does on both sides. */
import { tf } from '../tf.ts'
import { emitter, traceBackend as trace } from './backend.ts'

const BINARY = {
  Add: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min'
}
for (const [kernel, op] of Object.entries(BINARY)) {
  emitter(kernel, ({ a, b }) => {
    const shape = tf.backend_util.assertAndGetBroadcastShape(a!.shape, b!.shape)
    return trace.emit(op, [trace.name(a!), trace.name(b!)], shape, { type: trace.value(a!).type })
  })
}

const UNARY = {
  Exp: 'Exp',
  Log: 'Log',
  Sqrt: 'Sqrt',
  Neg: 'Neg',
  Abs: 'Abs',
  Erf: 'Erf',
  Sigmoid: 'Sigmoid',
  Atanh: 'Atanh',
  Sign: 'Sign'
}
for (const [kernel, op] of Object.entries(UNARY)) {
  emitter(kernel, ({ x }) => trace.emit(op, [trace.name(x!)], x!.shape))
}

emitter('Square', ({ x }) => trace.emit('Mul', [trace.name(x!), trace.name(x!)], x!.shape))
emitter('Reciprocal', ({ x }) => trace.emit('Reciprocal', [trace.name(x!)], x!.shape))
emitter('Rsqrt', ({ x }) => {
  const root = trace.emit('Sqrt', [trace.name(x!)], x!.shape)
  return trace.emit('Reciprocal', [trace.name(root)], x!.shape)
})

emitter('Identity', ({ x }) => trace.info(trace.name(x!), x!.shape, trace.value(x!).type))
emitter('Cast', ({ x }, { dtype }) => {
  const { name, type } = trace.value(x!)
  const target = dtype as 'float32' | 'int32' | 'bool'
  if (type === target) return trace.info(name, x!.shape, type)
  return trace.emit('Cast', [name], x!.shape, { attributes: { to: { type: target } }, type: target })
})

emitter('Softmax', ({ logits }, { dim }) => {
  const axis = dim === -1 ? logits!.shape.length - 1 : Number(dim)
  return trace.emit('Softmax', [trace.name(logits!)], logits!.shape, { attributes: { axis: { int: axis } } })
})
emitter('LogSoftmax', ({ logits }, { axis }) =>
  trace.emit('LogSoftmax', [trace.name(logits!)], logits!.shape, { attributes: { axis: { int: Number(axis) } } })
)
