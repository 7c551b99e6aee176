/**
 * Sinkhorn–Knopp assignments (SwAV, arXiv 2006.09882; the teacher of DINOv2 and DINOv3): the batch is spread evenly over
 * all prototypes, without a center and its memory. The log of the matrix is normalized, so that neither long prototypes
 * nor unused ones leave float32, as exp(logits) does.
 */
import { logMeanExpAcross } from '../engine/ops/across.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import { logMeanExp } from './log-mean-exp.ts'

/** DINOv2's and SwAV's. */
const ITERATIONS = 3

/** Takes a row out of every column's sum. */
const NOT_COUNTED = -1e30

interface SinkhornOptions {
  readonly counted?: Tensor | undefined
  readonly replicas?: number | undefined
}

/**
 * Logits of a batch over temperature, [rows, K] → log P [rows, K]; every row of P sums to 1, every column nearly to rows/K.
 * @param options.counted [rows] of 1 and 0: rows with 0 only fill up, and no column counts them
 * @param options.replicas devices with as many rows each: the columns are the whole batch's
 */
export function sinkhorn(logits: Tensor, { counted, replicas = 1 }: SinkhornOptions = {}): Tensor {
  const offset = counted && tf.reshape(tf.mul(tf.sub(1, counted), NOT_COUNTED), [-1, 1])
  let logP = logits
  for (let i = 0; i < ITERATIONS; i++) {
    // Constants of all columns or all rows cancel in the next normalization.
    const columns = logMeanExpAcross(logMeanExp(offset ? tf.add(logP, offset) : logP), replicas)
    logP = tf.logSoftmax(tf.sub(logP, columns))
  }
  return logP
}
