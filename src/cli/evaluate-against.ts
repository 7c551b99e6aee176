/** `--against`: a second model, whose assignments of the same images label_free compares. */
import { type AnyProtocol, NEEDS_ALL_DIMENSIONS } from '../base/evaluation.ts'
import type { Against } from '../serving/against.ts'
import type { ServingModel } from '../serving/serving-model.ts'
import { refusal } from './command.ts'
import { modelFolderOf, openModel } from './images.ts'

interface Beside {
  /** Null: whatever images and model allow. */
  readonly protocols: readonly AnyProtocol[] | null
  readonly dimensions: readonly number[] | undefined
}

/** Its folder; null where none was named. @throws AppError invalid_request beside words that leave nothing to compare */
export async function againstFolderOf(
  value: string | undefined,
  { protocols, dimensions }: Beside
): Promise<string | null> {
  if (value === undefined) return null
  if (protocols?.includes('label_free') === false) throw refusal('--against is for --protocol label_free.')
  if (dimensions !== undefined)
    throw refusal(`--against and --dimensions exclude each other: it ${NEEDS_ALL_DIMENSIONS}.`)
  return modelFolderOf(value, 'against')
}

/** @throws AppError invalid_request for models whose assignments cannot be compared, before any image is read; model_not_ready */
export async function openAgainst(
  path: string,
  {
    model,
    opened,
    threads
  }: { readonly model: string; readonly opened: ServingModel; readonly threads: number | undefined }
): Promise<Against> {
  const against = { name: path, model: await openModel(path, threads) }
  const why = whyNotAgainst(against, { name: model, model: opened })
  if (why === null) return against
  await against.model.dispose()
  throw refusal(why)
}

function whyNotAgainst(against: Against, evaluated: Against): string | null {
  const bare = [evaluated, against].find(({ model }) => model.head === null)
  if (bare !== undefined) return `--against compares prototypes, and the model ${bare.name} has none.`
  const [own, other] = [evaluated, against].map(({ model }) => model.config.channels)
  if (own === other) return null
  return `--against ${against.name} reads images of ${other} channels, and --model of ${own}: they do not see the same images.`
}
