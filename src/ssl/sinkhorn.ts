/**
 * Sinkhorn–Knopp assignments (SwAV, arXiv 2006.09882; the teacher of DINOv2 and DINOv3): the batch is spread evenly over
 * all prototypes, without a center and its memory. The log of the matrix is normalized, so that neither long prototypes
 * nor unused ones leave float32, as exp(logits) does.
 */
import { type Tensor, tf } from '../engine/tf.ts'
import { logMeanExp } from './log-mean-exp.ts'

/** DINOv2's and SwAV's. */
const ITERATIONS = 3

/** Logits of a batch over temperature, [rows, K] → log P [rows, K]; every row of P sums to 1, every column nearly to rows/K. */
export function sinkhorn(logits: Tensor): Tensor {
  let logP = logits
  // Constants of all columns or all rows cancel in the next normalization.
  for (let i = 0; i < ITERATIONS; i++) logP = tf.logSoftmax(tf.sub(logP, logMeanExp(logP)))
  return logP
}
