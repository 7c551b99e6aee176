import { type Tensor, tf } from '../engine/tf.ts'

/** log of the mean of exp(x) over rows, [N, K] → [K]. The mean of probabilities itself underflows once prototypes grow. */
export function logMeanExp(x: Tensor): Tensor {
  const largest = tf.max(x, 0, true)
  const mean = tf.mean(tf.exp(tf.sub(x, largest)), 0)
  return tf.add(tf.log(mean), tf.reshape(largest, [-1]))
}

/** log(exp(a + log α) + exp(b + log β)) for positive or zero weights α and β: a weighted mean of exp(a) and exp(b). */
export function logWeightedSum(a: Tensor, b: Tensor, [alpha, beta]: readonly [number, number]): Tensor {
  const [first, second] = [tf.add(a, Math.log(alpha)), tf.add(b, Math.log(beta))]
  const largest = tf.maximum(first, second)
  return tf.add(largest, tf.log(tf.add(tf.exp(tf.sub(first, largest)), tf.exp(tf.sub(second, largest)))))
}
