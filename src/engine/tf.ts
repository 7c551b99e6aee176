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
