/** Versions that are made of images of another one. */
import type { VersionName } from './evaluation.ts'

/**
 *   balanced       by turns from each prototype
 *   diverse        each as far as can be from those before it
 *   hard, typical  furthest from, and nearest to, the mean direction of their prototype
 *   deduplicated   none nearer to one before it than a cosine
 *   all            every one: for the labels that they are given
 *   indices        those that a user has named
 */
export type ImageChoice =
  | { readonly strategy: 'balanced' | 'diverse'; readonly count: number; readonly seed: number }
  | { readonly strategy: 'hard' | 'typical'; readonly count: number }
  | { readonly strategy: 'deduplicated'; readonly maxSimilarity: number }
  | { readonly strategy: 'all' }
  | { readonly strategy: 'indices'; readonly count: number }

/** Labels that images without one get from their neighbours with one. */
export interface GivenLabels {
  /** Of those with one: the set itself, or another of the same model. */
  readonly from: string
  readonly neighbors: number
  /** Share of the vote, at the least. */
  readonly minConfidence: number
}

export interface SelectionSource {
  readonly type: 'selection'
  readonly from: VersionName
  /** Null where nothing but numbers is needed. */
  readonly vectorSetId: string | null
  readonly choice: ImageChoice
  readonly labels: GivenLabels | null
  /** Of all that is read for it: says in what queue it is, also when that is gone. */
  readonly readBytes: number
}

/** Numbers that the choice holds in memory, 1.6 GB: a million images of 384. */
export const MOST_CHOSEN_FROM = 400_000_000
/** Numbers that are multiplied by it at the most, half an hour where nothing is given up early: 26,000 of a million images of 384, or pairs of 228,000. */
export const MOST_CHOICE_PRODUCTS = 1e13
