/** Embeddings and prototypes of the same images from one reading: the pixels go through both programs. */
import {
  type FittedView,
  type HeadOutputs,
  indexOfLargest,
  type Mixture,
  posteriorOf,
  unitOf,
  type Views
} from '../model/assigner.ts'
import type { Posterior } from '../protocol/inference-messages.ts'
import { defaultPosterior } from '../protocol/model-folder.ts'
import type { ServedProgram, ServingModel } from './serving-model.ts'

export interface GrowingClustering {
  readonly posterior: Posterior
  /** Likeliest cluster of every image that went through, in that order. */
  readonly assignments: readonly number[]
  /** Prototypes, or components of the fitted mixture. */
  readonly clusters: number
}

export interface AssigningProgram extends ServedProgram {
  /** By every posterior that the model has. */
  readonly clusterings: readonly GrowingClustering[]
  /** [K] of these prototypes. */
  readonly kappa: ArrayLike<number>
  /** Whose likeliest prototypes they are: what assigns in the service unless a caller chooses. */
  readonly posterior: ReturnType<typeof defaultPosterior>
}

/** Null for a model without prototypes. */
export async function openAssigning(model: ServingModel): Promise<AssigningProgram | null> {
  const { head } = model
  if (head === null) return null
  const embed = await model.open('embed')
  const assign = await model.open('assign')
  const posterior = defaultPosterior(head)
  const clusterings = clusteringsOf(head.views)
  return {
    clusterings,
    kappa: (head.views[posterior] ?? head.views.model).kappa,
    posterior,
    run: async (pixels) => {
      for (const row of await assign.run(pixels)) {
        const outputs = { cosines: row.subarray(0, head.prototypes), bottleneck: row.subarray(head.prototypes) }
        for (const { assignments, likeliest } of clusterings) assignments.push(likeliest(outputs))
      }
      return embed.run(pixels)
    }
  }
}

interface Assigner extends GrowingClustering {
  readonly assignments: number[]
  likeliest(of: HeadOutputs): number
}

function clusteringsOf({ teacher, model, fitted }: Views): Assigner[] {
  const byMixture = (posterior: Posterior, mixture: Mixture): Assigner => ({
    posterior,
    assignments: [],
    clusters: mixture.kappa.length,
    likeliest: ({ cosines }) => indexOfLargest(posteriorOf(cosines, mixture))
  })
  const byFitted = ({ kappa, score }: FittedView): Assigner => ({
    posterior: 'fitted',
    assignments: [],
    clusters: kappa.length,
    likeliest: ({ bottleneck }) => indexOfLargest(score(unitOf(bottleneck)).posterior)
  })
  return [
    ...(teacher === null ? [] : [byMixture('teacher', teacher)]),
    byMixture('model', model),
    ...(fitted === null ? [] : [byFitted(fitted)])
  ]
}
