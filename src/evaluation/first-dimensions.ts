/** The first dimensions of embeddings, made unit vectors again: what a caller has who stores them cut short. */
import { firstDimensions } from '../math/vectors.ts'
import type { LabelledFeatures } from './evaluation.ts'
import type { EvaluationInput } from './protocols.ts'

/** As the end of a sentence about `dimensions`; null for a number that a model of `embeddingDim` has. */
export const whyNoDimensions = (dimensions: number, embeddingDim: number): string | null =>
  dimensions >= 1 && dimensions <= embeddingDim
    ? null
    : `must be 1 to ${embeddingDim} for this model, not ${dimensions}`

/** The same images by the first `kept` dimensions. Prototypes stay what they are, of all dimensions. */
export function inFirstDimensions(input: EvaluationInput, kept: number): EvaluationInput {
  const { dim, sets } = input
  const cut = (features: Float32Array) => firstDimensions(features, dim, kept)
  const features = cut(input.features)
  if (sets === null) return { ...input, dim: kept, features }
  const { bank, queries } = sets
  const cutSet = (set: LabelledFeatures): LabelledFeatures => ({
    labels: set.labels,
    // The bank's features are the ones that label_free looks at: one copy of them is enough.
    features: set.features === input.features ? features : cut(set.features)
  })
  return {
    ...input,
    dim: kept,
    features,
    sets: { ...sets, dim: kept, bank: cutSet(bank), queries: queries && cutSet(queries) }
  }
}
