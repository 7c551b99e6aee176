/** What a recipe may add to the loss to keep images, or prototypes, apart: KoLeo. */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import type { Koleo } from '../../recipe/schema.ts'
import { koleo } from '../../ssl/koleo.ts'
import { type StepPlan, tokenLayers } from './plan.ts'

export interface SpreadTerms {
  /** koleo_features and koleo_prototypes, before their weights; only those with one. */
  readonly metrics: Readonly<Record<string, Tensor>>
  addTo(loss: Tensor): Tensor
}

/** Which terms a recipe has, by the names of their metrics. */
export const spreadNames = ({ features, prototypes }: Koleo): readonly string[] => [
  ...(features > 0 ? ['koleo_features'] : []),
  ...(prototypes > 0 ? ['koleo_prototypes'] : [])
]

/** @param features of the student's backbone, [rows, D]; those of the global crops' class tokens come first */
export function spreadTerms(plan: StepPlan, features: Tensor, parameters: Tensors): SpreadTerms {
  const terms: { name: string; value: Tensor; weight: number }[] = []
  const { features: ofFeatures, prototypes: ofPrototypes } = plan.koleo
  if (ofFeatures > 0) {
    // By crop, since two crops of an image shall be neighbors; the sum over crops is DINOv2's.
    const crops = Array.from({ length: plan.globalCrops }, (_, crop) =>
      koleo(tf.slice(features, [crop * plan.batchSize, 0], [plan.batchSize, -1]))
    )
    terms.push({ name: 'koleo_features', value: sumOf(crops), weight: ofFeatures })
  }
  if (ofPrototypes > 0) {
    const { cls, patch } = tokenLayers(plan)
    const layers = [...new Set([cls, patch])].map((layer) => koleo(parameters[`head.${layer}.weight_v`]!))
    terms.push({ name: 'koleo_prototypes', value: sumOf(layers), weight: ofPrototypes })
  }
  return {
    metrics: Object.fromEntries(terms.map(({ name, value }) => [name, value])),
    addTo: (loss) => terms.reduce((sum, { value, weight }) => tf.add(sum, tf.mul(value, weight)), loss)
  }
}

const sumOf = (values: readonly Tensor[]): Tensor => values.reduce((sum, value) => tf.add(sum, value))
