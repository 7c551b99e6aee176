/** What protocols take: features with labels, of a bank and of queries. What they give is in base/evaluation.ts. */

export interface LabelledFeatures {
  /** [N, dim], of any length; every protocol says what it does about that. */
  readonly features: Float32Array
  /** [N], in 0 … classes − 1. */
  readonly labels: Int32Array
}

export interface LabelledSets {
  readonly dim: number
  readonly classes: number
  readonly bank: LabelledFeatures
  /** Null: the bank's images are judged, each without itself. */
  readonly queries: LabelledFeatures | null
}

export const judgedOf = ({ bank, queries }: LabelledSets): LabelledFeatures => queries ?? bank

/** Rows of a set in the order of `rows`. */
export function takeRows(
  { features, labels }: LabelledFeatures,
  rows: ArrayLike<number>,
  dim: number
): LabelledFeatures {
  const taken = { features: new Float32Array(rows.length * dim), labels: new Int32Array(rows.length) }
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * dim
    taken.features.set(features.subarray(from, from + dim), i * dim)
    taken.labels[i] = labels[rows[i]!]!
  }
  return taken
}
