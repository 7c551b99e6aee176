/** Which vectors images without a label ask, and the vote of those that answer. */
import { AppError } from '../../base/errors.ts'
import type { VectorSet } from '../../domain/vector-set.ts'
import type { LabelNeighbors, SearchedSet } from '../../domain/vector-stores.ts'
import { checkSucceeded } from './vector-sets.ts'

/** T of exp(similarity / T): DINO's eval_knn.py, as the k-NN protocol votes. */
const TEMPERATURE = 0.07

/** @throws AppError vector_set_not_searchable */
export function searchedSet(set: VectorSet): VectorSet & SearchedSet {
  const { id, index } = set
  if (index !== null) return { ...set, index }
  const message = `Vector set ${id} was made with "search": false.`
  throw new AppError('vector_set_not_searchable', { message, vectorSetId: id })
}

/**
 * @param other null: images of the set ask those of the same set
 * @throws AppError vector_set_not_ready, vector_set_not_searchable
 */
export function checkBank(set: VectorSet, other: VectorSet | null): SearchedSet {
  checkSucceeded(set)
  const mine = searchedSet(set)
  if (other === null) return mine
  checkSucceeded(other)
  if (other.modelId === set.modelId) return searchedSet(other)
  const message = `Vector set ${other.id} is of another model, whose vectors cannot be compared.`
  throw new AppError('vector_set_not_searchable', { message, vectorSetId: other.id })
}

export interface Voted {
  readonly label: string
  /** Its share of all votes. */
  readonly confidence: number
}

/** Null where nobody votes. Of equal shares that of the nearest. */
export function vote(neighbors: LabelNeighbors['neighbors']): Voted | null {
  const shares = new Map<string, number>()
  let all = 0
  for (const { label, similarity } of neighbors) {
    const weight = Math.exp(similarity / TEMPERATURE)
    all += weight
    shares.set(label, (shares.get(label) ?? 0) + weight)
  }
  let best: Voted | null = null
  for (const [label, share] of shares)
    if (best === null || share / all > best.confidence) best = { label, confidence: share / all }
  return best
}
