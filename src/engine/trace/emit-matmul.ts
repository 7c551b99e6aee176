import { tf } from '../tf.ts'
import { emitter, traceBackend as trace } from './backend.ts'

emitter('BatchMatMul', ({ a, b }, { transposeA, transposeB }) => {
  const batch = tf.backend_util.assertAndGetBroadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2))
  const m = a!.shape.at(transposeA ? -1 : -2)!
  const n = b!.shape.at(transposeB ? -2 : -1)!
  const shape = [...batch, m, n]
  const names = [trace.name(a!), trace.name(b!)]
  if (!transposeA && !transposeB) return trace.emit('MatMul', names, shape)
  // FusedMatMul also for two plain matrices: Gemm with transA runs at a third of its speed where the common dimension is
  // long, as it is in every weight gradient.
  const attributes = { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 } }
  return trace.emit('FusedMatMul', names, shape, { attributes, domain: 'com.microsoft' })
})
