/**
 * The one place that imports TensorFlow.js: programs are written in its ops, engines decide what the ops do.
 * The default import is the bundle that registers the gradients; `tfjs-core` alone does not.
 */
import tf from '@tensorflow/tfjs'

// Prod mode drops the greeting on the console and the per-op debug checks.
tf.enableProdMode()

export { tf }
export type Tensor = tf.Tensor
export type Tensors = Readonly<Record<string, tf.Tensor>>

/**
 * TensorFlow.js stays inside a gradient that was left by an error: it would record every later op for it, and keep what it
 * has saved for the backward pass.
 */
export function forgetGradients(): void {
  const { state } = tf.engine()
  for (const { saved } of state.activeTape ?? []) tf.dispose(saved as never)
  state.activeTape = null as never
  state.gradientDepth = 0
}
