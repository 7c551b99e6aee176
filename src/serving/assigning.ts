/** Embeddings and prototypes of the same images from one reading: the pixels go through both programs. */
import { indexOfLargest, posteriorOf } from '../model/assigner.ts'
import { defaultPosterior } from '../protocol/model-folder.ts'
import type { ServedProgram, ServingModel } from './serving-model.ts'

export interface AssigningProgram extends ServedProgram {
  /** Likeliest prototype of every image that went through, in that order. */
  readonly assignments: readonly number[]
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
  const assignments: number[] = []
  const posterior = defaultPosterior(head)
  const mixture = head.views[posterior] ?? head.views.model
  return {
    assignments,
    kappa: mixture.kappa,
    posterior,
    run: async (pixels) => {
      for (const row of await assign.run(pixels))
        assignments.push(indexOfLargest(posteriorOf(row.subarray(0, head.prototypes), mixture)))
      return embed.run(pixels)
    }
  }
}
