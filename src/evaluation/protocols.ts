/** Protocols by name: what each needs of images and model, and how it is run on what was read once. */
import {
  type ChosenSettings,
  type Evaluation,
  GROUPS,
  NEEDS_ALL_DIMENSIONS,
  NOTHING_SHARED,
  OF_PROTOTYPES,
  type Protocol
} from '../base/evaluation.ts'
import type { OtherAssignments } from './agreement.ts'
import { type Clustering, evaluateClustering } from './clustering.ts'
import { judgedOf, type LabelledSets } from './evaluation.ts'
import { evaluateFewShot, FEW_SHOT_SETTINGS, type FewShotSettings } from './few-shot.ts'
import { evaluateKnn, KNN_SETTINGS, type KnnSettings } from './knn.ts'
import { evaluateLabelFree, LABEL_FREE_SETTINGS, type LabelFreeSettings } from './label-free.ts'
import { evaluateLogistic, LOGISTIC_SETTINGS, type LogisticSettings } from './logistic.ts'
import { evaluatePrototypes, PROTOTYPES_SETTINGS, type PrototypesOfImages } from './prototypes.ts'
import { evaluateRetrieval, RETRIEVAL_SETTINGS } from './retrieval.ts'

export interface JudgedPrototypes extends PrototypesOfImages {
  /** That `assignments` are of: what assigns in the service unless a caller chooses. */
  readonly posterior: string
  /** By every posterior that the model has. */
  readonly clusterings: readonly Clustering[]
  /** [N] under the fitted mixture, in nats above the uniform density; null where the model has none. */
  readonly logDensities: readonly number[] | null
  /** Null where no other model was named. */
  readonly against: OtherAssignments | null
}

export interface EvaluationInput {
  readonly dim: number
  /** Of the bank, [N, dim]: whose spectrum label_free looks at. */
  readonly features: Float32Array
  /** How many images are judged. */
  readonly judged: number
  /** Null where an image has no label. */
  readonly sets: LabelledSets | null
  /** Of the judged images; null where the model has no prototypes. */
  readonly prototypes: JudgedPrototypes | null
}

export interface AllSettings {
  readonly knn: KnnSettings
  readonly logistic: LogisticSettings
  readonly fewShot: FewShotSettings
  readonly labelFree: LabelFreeSettings
  readonly seed: number
}

export const settingsFrom = ({ k, draws, seed }: ChosenSettings): AllSettings => ({
  knn: { ...KNN_SETTINGS, ...(k && { k }), seed },
  logistic: { ...LOGISTIC_SETTINGS, seed },
  fewShot: { ...FEW_SHOT_SETTINGS, ...(draws && { draws }), seed },
  labelFree: { ...LABEL_FREE_SETTINGS, seed },
  seed
})

/** What is missing, as the end of a sentence: `needs …`; null when it can be run. */
export function whyNot(protocol: Protocol, input: EvaluationInput, settings: ChosenSettings): string | null {
  const { dim, features, judged: images, sets, prototypes } = input
  if (settings.dimensions !== undefined && OF_PROTOTYPES.includes(protocol)) return NEEDS_ALL_DIMENSIONS
  if (protocol === 'label_free') return tooFew(features.length / dim) ?? (prototypes?.against ? tooFew(images) : null)
  if (sets === null) return 'needs a label for every image'
  if (sets.classes < 2) return 'needs images of two classes or more'
  const judged = judgedOf(sets)
  if (OF_PROTOTYPES.includes(protocol)) {
    if (prototypes === null) return 'needs a model with prototypes'
    const few = tooFew(judged.labels.length)
    if (few !== null || protocol === 'clustering') return few
  }
  return whyNoMatch(sets)
}

/**
 * As the end of a sentence, `needs …`: no image that is judged could be told right, and every accuracy would be 0 %. Without itself
 * or its fold, the only image of a class has nothing of its class to be told by. Null where one could.
 */
export function whyNoMatch(sets: LabelledSets): string | null {
  if (hasMatch(sets)) return null
  return sets.queries === null ? 'needs a class with two images' : NOTHING_SHARED
}

const tooFew = (images: number): string | null =>
  images < GROUPS ? `needs ${GROUPS} images or more for its interval, and there are ${images}` : null

function hasMatch({ bank, queries }: LabelledSets): boolean {
  const known = new Set(bank.labels)
  return queries === null ? known.size < bank.labels.length : queries.labels.some((label) => known.has(label))
}

/** `whyNot` was null. */
export function runProtocol(protocol: Protocol, input: EvaluationInput, settings: AllSettings): Evaluation {
  const { seed } = settings
  if (protocol === 'label_free') return evaluateLabelFree(input.features, input.dim, settings.labelFree, input)
  const sets = input.sets!
  switch (protocol) {
    case 'knn':
      return evaluateKnn(sets, settings.knn)
    case 'logistic':
      return evaluateLogistic(sets, settings.logistic)
    case 'few_shot':
      return evaluateFewShot(sets, settings.fewShot)
    case 'retrieval':
      return evaluateRetrieval(sets, { ...RETRIEVAL_SETTINGS, seed })
    case 'clustering': {
      const { labels } = judgedOf(sets)
      return evaluateClustering(input.prototypes!.clusterings, { labels, classes: sets.classes }, { seed })
    }
    case 'prototypes': {
      const { posterior, assignments, kappa } = input.prototypes!
      return evaluatePrototypes(sets, { assignments, kappa }, { ...PROTOTYPES_SETTINGS, posterior, seed })
    }
  }
}
