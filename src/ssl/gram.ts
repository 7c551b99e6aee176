/**
 * Gram anchoring (DINOv3, arXiv 2508.10104, section 4.2; facebookresearch/dinov3 50d3e0c, GramLoss with `normalized`, by
 * image, negative similarities kept): the cosines between all patches of an image shall stay those that the anchor sees. The
 * patches themselves may move, as long as they move together.
 */
import { exactly } from '../engine/ops/exactly.ts'
import { withGradient } from '../engine/ops/fused.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { unitRows } from './head.ts'

/** Token-major rows [patches · images, D] → [images, patches, D]. */
function byImage(rows: Tensor, images: number): Tensor {
  const [count, dim] = rows.shape as [number, number]
  return tf.transpose(tf.reshape(rows, [count / images, images, dim]), [1, 0, 2])
}

const cosines = (patches: Tensor): Tensor => exactly(() => tf.matMul(patches, patches, false, true))

/**
 * Mean over images of ‖X Xᵀ − A Aᵀ‖² / patches², X and A with unit rows → scalar; the gradient goes to the student alone.
 *
 * @param student patch features of any length, [patches · images, D], patch by patch
 * @param anchor the same patches as the anchor sees them, without gradient
 */
export function gramLoss(student: Tensor, anchor: Tensor, images: number): Tensor {
  const [rows, dim] = student.shape as [number, number]
  const wanted = cosines(byImage(unitRows(anchor), images))
  const unit = unitRows(student)
  return withGradient({
    inputs: [unit] as const,
    forward: () => {
      const difference = tf.sub(cosines(byImage(unit, images)), wanted)
      return { value: tf.mean(tf.square(difference)), saved: [difference] }
    },
    backward: (dy, [own], [difference]) => {
      const pull = exactly(() => tf.matMul(difference!, byImage(own, images)))
      return [tf.mul(tf.reshape(tf.transpose(pull, [1, 0, 2]), [rows, dim]), tf.mul(dy, 4 / difference!.size))]
    }
  })
}
