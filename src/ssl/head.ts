/** DINO's projection head up to the unit sphere; the last layer is in prototypes.ts. */
import { withGradient } from '../engine/ops/fused.ts'
import { gelu } from '../engine/ops/gelu.ts'
import { linear } from '../engine/ops/linear.ts'
import { type Tensor, type Tensors, tf } from '../engine/tf.ts'

/** F.normalize's guard. */
const SMALLEST_NORM = 1e-12

/** x [rows, dim] → x / max(‖x‖, 1e-12), row by row. */
export const unitRows = (x: Tensor): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => {
      const norm = tf.maximum(tf.sqrt(tf.sum(tf.square(x), -1, true)), SMALLEST_NORM)
      const value = tf.div(x, norm)
      return { value, saved: [value, norm] }
    },
    backward: (dy, _, [y, norm]) => [tf.div(tf.sub(dy, tf.mul(y!, tf.sum(tf.mul(dy, y!), -1, true))), norm!)]
  })

/** Features [rows, D] → y [rows, p], unit rows. @param parameters `head.mlp.…` */
export function bottleneck(parameters: Tensors, features: Tensor): Tensor {
  const layer = (i: number, x: Tensor) =>
    linear(x, parameters[`head.mlp.${i}.weight`]!, parameters[`head.mlp.${i}.bias`]!)
  return unitRows(layer(4, gelu(layer(2, gelu(layer(0, features))))))
}
