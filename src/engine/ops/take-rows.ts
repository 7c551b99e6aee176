import { type Tensor, tf } from '../tf.ts'
import { withGradient } from './fused.ts'

/** Which rows to take, said from both sides; int32. */
export interface RowChoice {
  /** [M]: the rows taken. No row is taken twice, except by places that are only there to fill up. */
  readonly rows: Tensor
  /** [rows of x]: at which place a row is taken, M where it is not. Filling places are not mentioned. */
  readonly places: Tensor
}

/**
 * x [rows, columns] → [M, columns]. Knowing the places, the gradient is a gather too, not a scatter; what arrives at
 * filling places is not passed on.
 */
export const takeRows = (x: Tensor, { rows, places }: RowChoice): Tensor =>
  withGradient({
    inputs: [x] as const,
    forward: () => ({ value: tf.gather(x, rows as tf.Tensor1D), saved: [places] }),
    backward: (dy, _, [wanted]) => {
      const nowhere = tf.zeros([1, dy.shape[1]!])
      return [tf.gather(tf.concat([dy, nowhere], 0), wanted as tf.Tensor1D)]
    }
  })
