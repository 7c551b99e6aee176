/** Everything that protocols look at, from one reading of the images. */
import { AppError } from '../base/errors.ts'
import { OF_PROTOTYPES, type Protocol } from '../base/evaluation.ts'
import type { PrototypesSeen } from '../base/exemplars.ts'
import type { OtherAssignments } from '../evaluation/agreement.ts'
import { whyNoDimensions } from '../evaluation/first-dimensions.ts'
import type { EvaluationInput, JudgedPrototypes } from '../evaluation/protocols.ts'
import { type Against, readAgainst } from './against.ts'
import { type Assigning, assigningToo, openAssigning } from './assigning.ts'
import type { ImageOrigin } from './embed-images.ts'
import { labelledSets, type ReadBatch, readImages } from './labelled-images.ts'
import type { ServingModel } from './serving-model.ts'

export interface Sources {
  readonly model: ServingModel
  readonly bank: ImageOrigin
  /** Null: the bank's images are judged. */
  readonly queries: ImageOrigin | null
  /** Null: whatever images and model allow. */
  readonly protocols: readonly Protocol[] | null
  /** Looked at: the first so many; left out: all of them. */
  readonly dimensions?: number | undefined
  /** A second model that assigns the judged images, too; both have prototypes, and `dimensions` is left out. */
  readonly against?: Against | null
  /** A source, in sentences about its images. */
  readonly nameOf: (origin: ImageOrigin) => string
}

export interface ReadInput extends EvaluationInput {
  /** Null where images were not given to prototypes. */
  readonly seen: PrototypesSeen | null
}

/**
 * @throws AppError evaluation_impossible for dimensions that the model has not, before anything is read, and at the first image
 *   without a label where a protocol was asked for that needs one
 */
export async function* readInput(sources: Sources): AsyncGenerator<ReadBatch, ReadInput> {
  const { model, bank: from, queries: judged, dimensions, against = null } = sources
  const { config: target } = model
  const dim = target.embeddingDim
  const wrong = dimensions === undefined ? null : whyNoDimensions(dimensions, dim)
  if (wrong !== null) throw new AppError('evaluation_impossible', { message: `dimensions ${wrong}.` })
  const embed = await model.open('embed')
  const assigning = dimensions === undefined && readsPrototypes(sources) ? await openAssigning(model) : null
  const onUnlabelled = refusing(sources)
  const read = (origin: ImageOrigin) => {
    // Prototypes are looked at for the images that are judged.
    const isJudged = judged === null || origin === judged
    const program = isJudged && assigning !== null ? assigningToo(embed, assigning) : embed
    return readImages({ origin, target, program, dim, onUnlabelled })
  }
  const bank = yield* read(from)
  const queries = judged === null ? null : yield* read(judged)
  const isLabelled = bank.isLabelled && (queries?.isLabelled ?? true)
  const { names, labels } = queries ?? bank
  const other = against && (yield* readAgainst(against, { model, origin: judged ?? from, names }))
  return {
    dim,
    features: bank.features,
    judged: names.length,
    sets: isLabelled ? labelledSets(dim, bank, queries) : null,
    prototypes: assigning && judgedBy(assigning, other),
    seen: assigning?.exemplars.seen(assigning.posterior, labels) ?? null
  }
}

function judgedBy(
  { clusterings, kappa, posterior, logDensities }: Assigning,
  against: OtherAssignments | null
): JudgedPrototypes {
  const all = clusterings.map((one) => ({
    posterior: one.posterior,
    clusters: one.clusters,
    assignments: Int32Array.from(one.assignments)
  }))
  return {
    clusterings: all,
    kappa,
    posterior,
    assignments: all.find((one) => one.posterior === posterior)!.assignments,
    logDensities,
    against
  }
}

/** Whether the images have to go through the prototypes too: for label_free only where these would add to it. */
const readsPrototypes = ({ protocols, model, against }: Sources): boolean =>
  protocols === null ||
  protocols.some((name) => OF_PROTOTYPES.includes(name)) ||
  (protocols.includes('label_free') && (Boolean(against) || Boolean(model.head?.views.fitted)))

function refusing({ protocols, nameOf }: Sources): (image: string, origin: ImageOrigin) => void {
  const labelled = protocols?.find((name) => name !== 'label_free')
  return (image, origin) => {
    if (labelled === undefined) return
    const message = `${labelled} needs a label for every image, and ${nameOf(origin)}: ${image} has none: class folders give them.`
    throw new AppError('evaluation_impossible', { message })
  }
}
