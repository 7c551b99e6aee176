/** Embeddings and prototypes of the same images from one reading: the pixels go through both programs. */
import { countExemplars, type ExemplarCounts } from '../base/exemplars.ts'
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

export interface Assigning {
  /** By every posterior that the model has. */
  readonly clusterings: readonly GrowingClustering[]
  /** Of every image under the fitted mixture, in nats above the uniform density; null where the model has none. */
  readonly logDensities: readonly number[] | null
  /** [K] of these prototypes. */
  readonly kappa: ArrayLike<number>
  /** Whose likeliest prototypes they are: what assigns in the service unless a caller chooses. */
  readonly posterior: ReturnType<typeof defaultPosterior>
  /** Of that posterior. */
  readonly exemplars: Pick<ExemplarCounts, 'seen'>
  /** Lets images of [S, S, C] bytes go through. */
  assign(pixels: readonly Uint8Array[]): Promise<void>
}

/** Null for a model without prototypes. */
export async function openAssigning(model: ServingModel): Promise<Assigning | null> {
  const { head } = model
  if (head === null) return null
  const program = await model.open('assign')
  const posterior = defaultPosterior(head)
  const logDensities = head.views.fitted === null ? null : []
  const clusterings = clusteringsOf(head.views, logDensities ?? [])
  const exemplars = countExemplars(head.prototypes)
  return {
    clusterings,
    logDensities,
    kappa: (head.views[posterior] ?? head.views.model).kappa,
    posterior,
    exemplars,
    assign: async (pixels) => {
      for (const row of await program.run(pixels)) {
        const outputs = { cosines: row.subarray(0, head.prototypes), bottleneck: row.subarray(head.prototypes) }
        for (const one of clusterings) {
          const { cluster, probability } = one.likeliest(outputs)
          one.assignments.push(cluster)
          if (one.posterior === posterior)
            exemplars.add({ prototype: cluster, probability, cosine: outputs.cosines[cluster]! })
        }
      }
    }
  }
}

/** Assigns what it embeds, one run after the other: assignments are in the order of the images. */
export const assigningToo = (embed: ServedProgram, { assign }: Assigning): ServedProgram => ({
  ...(embed.batch && { batch: embed.batch }),
  run: async (pixels) => {
    await assign(pixels)
    return embed.run(pixels)
  }
})

interface Assigner extends GrowingClustering {
  readonly assignments: number[]
  likeliest(of: HeadOutputs): Likeliest
}

interface Likeliest {
  readonly cluster: number
  readonly probability: number
}

function likeliestOf(probabilities: Float64Array): Likeliest {
  const cluster = indexOfLargest(probabilities)
  return { cluster, probability: probabilities[cluster]! }
}

/** @param logDensities takes those of the fitted mixture, which are scored with its assignments */
function clusteringsOf({ teacher, model, fitted }: Views, logDensities: number[]): Assigner[] {
  const byMixture = (posterior: Posterior, mixture: Mixture): Assigner => ({
    posterior,
    assignments: [],
    clusters: mixture.kappa.length,
    likeliest: ({ cosines }) => likeliestOf(posteriorOf(cosines, mixture))
  })
  const byFitted = ({ kappa, score }: FittedView): Assigner => ({
    posterior: 'fitted',
    assignments: [],
    clusters: kappa.length,
    likeliest: ({ bottleneck }) => {
      const { logDensity, posterior } = score(unitOf(bottleneck))
      logDensities.push(logDensity - model.uniformLogDensity)
      return likeliestOf(posterior)
    }
  })
  return [
    ...(teacher === null ? [] : [byMixture('teacher', teacher)]),
    byMixture('model', model),
    ...(fitted === null ? [] : [byFitted(fitted)])
  ]
}
