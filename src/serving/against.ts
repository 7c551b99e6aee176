/** A second model on the images of an evaluation: which prototypes it assigns them to. */
import { isDeepStrictEqual } from 'node:util'
import { AppError, invariant } from '../base/errors.ts'
import type { OtherAssignments } from '../evaluation/agreement.ts'
import { headOf, type ModelFileConfig } from '../protocol/model-folder.ts'
import { openAssigning } from './assigning.ts'
import { embedImages, type ImageOrigin } from './embed-images.ts'
import type { ReadBatch } from './labelled-images.ts'
import type { ServingModel } from './serving-model.ts'

export interface Against {
  /** In results and sentences. */
  readonly name: string
  readonly model: ServingModel
}

interface Judged {
  /** That is evaluated. */
  readonly model: ServingModel
  readonly origin: ImageOrigin
  /** Of the images that it could read, in their order. */
  readonly names: readonly string[]
}

const NO_EMBEDDING = new Float32Array(0)

/** Each model sees an image by its own preprocessing. @throws AppError evaluation_impossible where it cannot read the same images */
export async function* readAgainst(
  { name: against, model: other }: Against,
  { model, origin: from, names }: Judged
): AsyncGenerator<ReadBatch, OtherAssignments> {
  const assigning = await openAssigning(other)
  invariant(assigning !== null, `${against} was let in without prototypes`)
  const program = {
    run: async (pixels: readonly Uint8Array[]) => {
      await assigning.assign(pixels)
      return pixels.map(() => NO_EMBEDDING)
    }
  }
  // A reading of its own for those who show it, though of the same place.
  const origin = { ...from }
  const read: string[] = []
  for await (const batch of embedImages({ origin, target: other.config, program })) {
    yield { origin, batch }
    read.push(...batch.images.map(({ name }) => name))
  }
  if (read.length !== names.length || names.some((name, i) => name !== read[i])) {
    const image = names.find((name, i) => name !== read[i]) ?? read[names.length]
    const message = `${against} does not read the same images of ${from.path}: they differ at ${image}.`
    throw new AppError('evaluation_impossible', { message })
  }
  const { posterior, clusterings } = assigning
  const { assignments } = clusterings.find((one) => one.posterior === posterior)!
  return {
    model: against,
    posterior,
    assignments: Int32Array.from(assignments),
    hasSamePrototypes: haveSamePrototypes(model.config, other.config)
  }
}

/**
 * Whether prototype k of both grew from the same one: equal recipes, seed included, and weights that both began from. Whose recipe
 * nobody knows is not said to.
 */
const haveSamePrototypes = (one: ModelFileConfig, other: ModelFileConfig): boolean =>
  one.recipe !== null &&
  headOf(one)?.prototypes === headOf(other)?.prototypes &&
  isDeepStrictEqual(one.recipe, other.recipe) &&
  isDeepStrictEqual(one.continuedFrom ?? null, other.continuedFrom ?? null) &&
  isDeepStrictEqual(one.surgeries ?? [], other.surgeries ?? [])
