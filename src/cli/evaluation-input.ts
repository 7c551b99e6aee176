/** Everything that protocols look at, from one reading of the images. */
import type { EvaluationInput, Protocol } from '../evaluation/protocols.ts'
import { openAssigning } from '../serving/assigning.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { refusal } from './command.ts'
import { readsPrototypes } from './evaluate-options.ts'
import { openModel } from './images.ts'
import { isSamePlace, labelledSets, readImages } from './labelled-images.ts'
import type { Output } from './output.ts'

export interface Sources {
  /** Its folder. */
  readonly model: string
  readonly bank: ImageOrigin
  /** Null: the bank's images are judged. */
  readonly queries: ImageOrigin | null
  readonly threads: number | undefined
}

export interface Reading {
  /** Null: whatever images and model allow. */
  readonly protocols: readonly Protocol[] | null
  readonly output: Output
  readonly signal: AbortSignal
}

/** @throws AppError invalid_request at the first image without a label where a protocol was asked for that needs one */
export async function readInput(sources: Sources, { protocols, output, signal }: Reading): Promise<EvaluationInput> {
  const model = await openModel(sources.model, sources.threads)
  try {
    const dim = model.config.embeddingDim
    const separate =
      sources.queries !== null && !(await isSamePlace(sources.bank, sources.queries)) ? sources.queries : null
    const assigning = readsPrototypes(protocols) ? await openAssigning(model) : null
    const read = (origin: ImageOrigin) => {
      // Prototypes are looked at for the images that are judged.
      const isJudged = separate === null || origin === separate
      const program = isJudged && assigning !== null ? { program: assigning } : {}
      return readImages({ model, origin, output, signal, ...program }, refuseFor(protocols))
    }
    const bank = await read(sources.bank)
    const queries = separate === null ? null : await read(separate)
    const isLabelled = bank.unlabelled === null && (queries?.unlabelled ?? null) === null
    return {
      dim,
      features: bank.features,
      sets: isLabelled ? labelledSets(dim, bank, queries) : null,
      prototypes: assigning && {
        assignments: Int32Array.from(assigning.assignments),
        kappa: assigning.kappa,
        posterior: assigning.posterior
      }
    }
  } finally {
    await model.dispose()
  }
}

function refuseFor(protocols: readonly Protocol[] | null): (image: string) => void {
  const labelled = protocols?.find((name) => name !== 'label_free')
  return (image) => {
    if (labelled !== undefined)
      throw refusal(`${labelled} needs a label for every image, and ${image} has none: class folders give them.`)
  }
}
