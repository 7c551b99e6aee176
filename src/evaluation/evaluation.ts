/**
 * What every protocol takes and gives. A result is data: it says what was measured, with every setting that decides the
 * number, so that it can be stored as it is and compared with another whose protocol and settings are the same.
 */

/** A number and the 95 % interval around it; the result's settings say how the interval was made. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Numbers, names and lists of them. */
export type Setting = number | string | boolean | null | readonly (number | string)[]

export interface Evaluation {
  /** A name of protocols.ts. */
  readonly protocol: string
  readonly settings: Readonly<Record<string, Setting>>
  /** Images that were learned from or voted; null where none were. */
  readonly bank: number | null
  /** Images that were judged. */
  readonly queries: number
  /** Among all of them; null where no label was read. */
  readonly classes: number | null
  readonly metrics: Readonly<Record<string, Estimate>>
}

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
