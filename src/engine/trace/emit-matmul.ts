import { tf } from '../tf.ts'
import { emitter, traceBackend as trace } from './backend.ts'

type Matrix = { dataId: object; shape: number[] }

/**
 * Aᵀ B with a long common dimension, the form of every weight gradient. ONNX Runtime's Gemm with transA runs at a third of
 * its speed there (88 against 210 GFLOP/s at 768 × 12672 × 192), so the narrower side is transposed explicitly.
 */
function transposedProduct(a: Matrix, b: Matrix): ReturnType<typeof trace.emit> {
  const [rows, m] = a.shape as [number, number]
  const n = b.shape[1]!
  const swapped = { attributes: { perm: { ints: [1, 0] } } }
  if (m <= n) {
    const left = trace.emit('Transpose', [trace.name(a)], [m, rows], swapped)
    return trace.emit('MatMul', [trace.name(left), trace.name(b)], [m, n])
  }
  const left = trace.emit('Transpose', [trace.name(b)], [n, rows], swapped)
  const product = trace.emit('MatMul', [trace.name(left), trace.name(a)], [n, m])
  return trace.emit('Transpose', [trace.name(product)], [m, n], swapped)
}

emitter('BatchMatMul', ({ a, b }, { transposeA, transposeB }) => {
  const batch = tf.backend_util.assertAndGetBroadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2))
  const m = a!.shape.at(transposeA ? -1 : -2)!
  const n = b!.shape.at(transposeB ? -2 : -1)!
  const shape = [...batch, m, n]
  const names = [trace.name(a!), trace.name(b!)]
  if (!transposeA && !transposeB) return trace.emit('MatMul', names, shape)
  if (batch.length === 0 && transposeA && !transposeB) return transposedProduct(a!, b!)
  const attributes = { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 } }
  if (batch.length === 0) return trace.emit('Gemm', names, shape, { attributes })
  return trace.emit('FusedMatMul', names, shape, { attributes, domain: 'com.microsoft' })
})
