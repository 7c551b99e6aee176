/** What classifiers have in common, however they are trained: which images choose a rate, and how often they are right. */
import { rowsWhere, stratifiedFolds } from '../evaluation/samples.ts'

/** One part in ten of the bank chooses the rate. */
const PARTS = 10
export const RATE_CHOSEN_ON = `1 of ${PARTS} parts of the bank`

export interface BankParts {
  /** Rows that classifiers learn from. */
  readonly learned: readonly number[]
  /** Rows that choose between them. */
  readonly choosing: readonly number[]
}

/** A tenth of each class chooses. */
export function bankParts(labels: Int32Array, classes: number, seed: number): BankParts {
  const part = stratifiedFolds(labels, classes, { folds: PARTS, seed })
  return {
    learned: rowsWhere(labels.length, (row) => part[row] !== 0),
    choosing: rowsWhere(labels.length, (row) => part[row] === 0)
  }
}

/** Classes with a larger logit than the right one; all of them where a rate was so large that the logits are no numbers. */
export function rankOf(logits: Float32Array | Float64Array, label: number): number {
  const right = logits[label]!
  if (!Number.isFinite(right)) return logits.length
  let larger = 0
  for (const value of logits) if (value > right) larger++
  return larger
}

/** Of five classes or fewer the right one is always among five. */
const TOP = 5

/** For each image, by metric, whether it was told right: top1 and, of more than five classes, top5. */
export function hitsOf(ranks: Uint32Array, classes: number): Record<string, Float64Array> {
  const within = (most: number) => Float64Array.from(ranks, (rank) => (rank < most ? 1 : 0))
  return { top1: within(1), ...(classes > TOP ? { top5: within(TOP) } : {}) }
}
