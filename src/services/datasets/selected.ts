/** What a worker makes a selection of: the version, the vector set, and labels that images ask of their neighbours. */
import { AppError } from '../../base/errors.ts'
import type { DatasetVersion } from '../../domain/dataset.ts'
import type { Page } from '../../domain/page.ts'
import type { GivenLabels, ImageChoice, SelectionSource } from '../../domain/selection.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { VectorSet } from '../../domain/vector-set.ts'
import type { LabelNeighbors, LabelQuery } from '../../domain/vector-stores.ts'
import type { JobError } from '../jobs/job-tries.ts'
import { checkBank, searchedSet, vote } from '../vector-sets/labelled-set.ts'

export interface Selected {
  readonly from: DatasetVersion
  readonly choice: ImageChoice
  /** Null where it takes none. */
  readonly set: VectorSet | null
  /** That a user has named; null where none are. */
  readonly indices: readonly number[] | null
  readonly labels: (Omit<GivenLabels, 'from'> & { readonly bank: VectorSet }) | null
}

export interface NumberedLabels {
  /** Of the new version: those of the one that it is selected from, and behind them names that it has not had. */
  readonly classes: readonly string[] | null
  readonly labels: readonly (readonly [image: number, label: number])[]
}

/** Or why it cannot be had: users removed it in spite of this version, by code that did not know of selections. */
export async function findSelected(
  tx: Stores,
  { projectId, datasetId, version }: DatasetVersion,
  { from: named, vectorSetId, choice, labels }: SelectionSource
): Promise<Selected | JobError> {
  const from = await tx.datasets.findVersion(projectId, named.datasetId, named.version)
  if (from?.status !== 'ready')
    return { code: 'dataset_version_not_found', message: `${named.datasetId}@${named.version} is gone.` }
  const find = (id: string | undefined | null) => (id ? tx.vectorSets.find(projectId, id) : null)
  const [set, bank] = [await find(vectorSetId), await find(labels?.from)]
  const isGone = (wanted: string | undefined | null, found: VectorSet | null) => wanted && found?.status !== 'succeeded'
  if (isGone(vectorSetId, set)) return { code: 'vector_set_not_found', message: `Vector set ${vectorSetId} is gone.` }
  if (isGone(labels?.from, bank))
    return { code: 'vector_set_not_found', message: `Vector set ${labels?.from} is gone.` }
  const indices = choice.strategy === 'indices' ? await tx.datasets.loadSelected(datasetId, version) : null
  return { ...{ from, choice, set, indices }, labels: labels && bank && { ...labels, bank } }
}

/** In one statement. */
const IMAGES_AT_ONCE = 500

/** @throws AppError selection_impossible for names where images have numbers; the signal's reason */
export async function givenLabels(
  unitOfWork: UnitOfWork,
  { from, set, labels }: Selected,
  signal: AbortSignal
): Promise<NumberedLabels> {
  if (set === null || labels === null) return { classes: from.classes, labels: [] }
  const { bank: owner, neighbors, minConfidence } = labels
  const mine = searchedSet(set)
  const bank = checkBank(set, owner)
  const voted: [image: number, label: string][] = []
  let after: string | null = null
  do {
    signal.throwIfAborted()
    const query: LabelQuery = { bank, of: 'unlabelled', page: { limit: IMAGES_AT_ONCE, after }, neighbors }
    const page: Page<LabelNeighbors> = await unitOfWork((tx) => tx.vectors.labelNeighbors(mine, query))
    for (const { image, neighbors: voters } of page.data) {
      const found = vote(voters)
      if (found !== null && found.confidence >= minConfidence) voted.push([image.index, found.label])
    }
    after = page.nextCursor
  } while (after !== null)
  const names = new Set(voted.map(([, label]) => label))
  const hasLabels = from.classes === null && (await unitOfWork((tx) => tx.vectors.countLabelled(mine))) > 0
  const { classes, numberOf } = numbering(from.classes, names, hasLabels)
  return { classes, labels: voted.map(([image, label]) => [image, numberOf(label)]) }
}

/** @param hasNumbers there are labels, and no names for them */
function numbering(
  known: readonly string[] | null,
  names: ReadonlySet<string>,
  hasNumbers: boolean
): { readonly classes: readonly string[] | null; readonly numberOf: (label: string) => number } {
  const areNumbers = [...names].every((name) => /^\d{1,9}$/.test(name))
  if (known === null && areNumbers) return { classes: null, numberOf: Number }
  if (hasNumbers) {
    const message = 'Images have numbers as labels, and their neighbours in the other vector set have names.'
    throw new AppError('selection_impossible', { message })
  }
  const others = [...names].filter((name) => !known?.includes(name)).sort()
  const classes = [...(known ?? []), ...others]
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return { classes, numberOf: (label) => numbers.get(label)! }
}
