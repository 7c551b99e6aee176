/** Embeddings and prototypes of the same images from one reading: the pixels go through both programs. */
import { indexOfLargest, posteriorOf } from '../model/assigner.ts'
import type { ServedProgram, ServingModel } from './serving-model.ts'

export interface AssigningProgram extends ServedProgram {
  /** Likeliest prototype of every image that went through, in that order. */
  readonly assignments: readonly number[]
  /** [K] of these prototypes. */
  readonly kappa: ArrayLike<number>
  /** Whose likeliest prototypes they are: those of κ = ‖w‖/τ, without the center. */
  readonly posterior: 'model'
}

/** Null for a model without prototypes. */
export async function openAssigning(model: ServingModel): Promise<AssigningProgram | null> {
  const { head } = model
  if (head === null) return null
  const embed = await model.open('embed')
  const assign = await model.open('assign')
  const assignments: number[] = []
  return {
    assignments,
    kappa: head.mixture.kappa,
    posterior: 'model',
    run: async (pixels) => {
      for (const cosines of await assign.run(pixels))
        assignments.push(indexOfLargest(posteriorOf(cosines, head.mixture).probabilities))
      return embed.run(pixels)
    }
  }
}
