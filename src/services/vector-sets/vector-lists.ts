/** What is told of all images of a vector set: outliers, near-duplicates, and labels that their neighbours propose. */
import { AppError } from '../../base/errors.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { ImageOfVector, VectorSet } from '../../domain/vector-set.ts'
import type { NearPair, SearchedSet } from '../../domain/vector-stores.ts'
import { createKeptAnswers } from '../kept-answers.ts'
import { createOneAtATime } from '../one-at-a-time.ts'
import { type ConfidenceBin, confidenceBins } from './confidence-bins.ts'
import { checkBank, searchedSet, vote } from './labelled-set.ts'
import { checkSucceeded, findVectorSet } from './vector-sets.ts'

export interface VectorListDeps {
  readonly stores: Pick<Stores, 'vectorSets' | 'vectors'>
  readonly unitOfWork: UnitOfWork
}

export interface LabelWish {
  /** Id of the set whose labels are asked; null: the set itself. */
  readonly from: string | null
  readonly neighbors: number
}

export interface ProposedLabel {
  readonly image: ImageOfVector
  readonly label: string
  readonly confidence: number
}

export interface LabelAccuracy {
  readonly set: VectorSet
  /** Images with a label. */
  readonly labelled: number
  /** Of them, those that were asked as if they had none. */
  readonly sampled: number
  /** Share of them whose neighbours say their label; null of none. */
  readonly accuracy: number | null
  readonly bins: readonly ConfidenceBin[]
}

/**
 * Statements of a request at the most: those of a set whose vectors are all compared take a quarter of a second each on the embedded database,
 * where others get their turns between two of them, and not while one runs.
 */
const MOST_STATEMENTS = { hnsw: 5, exact: 20, scan: 4 } as const

/** Pages of the store put together, until there are as many as were asked for or the request has had its share. */
async function gather<T>(
  { index }: SearchedSet,
  { limit, after: begin }: PageRequest,
  read: (page: PageRequest) => Promise<Page<T>>
): Promise<Page<T>> {
  const data: T[] = []
  let after = begin
  for (let left: number = MOST_STATEMENTS[index]; ; left--) {
    const found = await read({ limit: limit - data.length, after })
    data.push(...found.data)
    if (!found.hasMore || data.length >= limit || left === 1) return { ...found, data }
    after = found.nextCursor
  }
}

/** A few hundred numbers each. */
const MOST_KEPT = 1000

export type VectorListService = ReturnType<typeof createVectorListService>

export function createVectorListService({ stores, unitOfWork }: VectorListDeps) {
  // Each compares hundreds of millions of numbers in the database: a project that asks for many at once holds one connection, not all.
  const oneAtATime = createOneAtATime()
  // A set that has succeeded never changes, so of ten who look at its page one waits for the database, and whoever comes later for nothing.
  const accuracies = createKeptAnswers<Omit<LabelAccuracy, 'set'>>(MOST_KEPT)

  /** @throws AppError vector_set_not_found, vector_set_not_ready, vector_set_not_searchable */
  async function find(projectId: string, id: string): Promise<VectorSet & SearchedSet> {
    const set = await findVectorSet(stores, projectId, id)
    checkSucceeded(set)
    return searchedSet(set)
  }

  async function findBank(projectId: string, set: VectorSet, from: string | null) {
    const other = from === null || from === set.id ? null : await findVectorSet(stores, projectId, from)
    return { bank: checkBank(set, other), owner: other ?? set }
  }

  /** @throws AppError vector_set_not_searchable of a bank without any label */
  async function countLabelled(bank: SearchedSet): Promise<number> {
    const labelled = await stores.vectors.countLabelled(bank)
    if (labelled > 0) return labelled
    const message = `No image of vector set ${bank.id} has a label.`
    throw new AppError('vector_set_not_searchable', { message, vectorSetId: bank.id })
  }

  async function measure(
    projectId: string,
    bank: SearchedSet,
    { neighbors, sample }: Pick<LabelWish, 'neighbors'> & { readonly sample: number }
  ): Promise<Omit<LabelAccuracy, 'set'>> {
    const labelled = await countLabelled(bank)
    const read = (page: PageRequest) =>
      unitOfWork((tx) => tx.vectors.labelNeighbors(bank, { bank, of: 'labelled', page, neighbors }))
    const { data } = await oneAtATime(projectId, () => gather(bank, { limit: sample, after: null }, read))
    const asked = data.flatMap(({ image, neighbors: voters }) => {
      const voted = vote(voters)
      return voted === null ? [] : [{ confidence: voted.confidence, isRight: voted.label === image.label }]
    })
    const right = asked.filter(({ isRight }) => isRight).length
    const accuracy = asked.length === 0 ? null : right / asked.length
    return { labelled, sampled: asked.length, accuracy, bins: confidenceBins(asked) }
  }

  return {
    async outliers(projectId: string, id: string, page: PageRequest): Promise<Page<ImageOfVector>> {
      const set = await find(projectId, id)
      const found = await stores.vectors.outliers(set, page)
      if (found.data.length > 0 || page.after !== null) return found
      const message = `Images of vector set ${id} have no density: they were not assigned, or its model has no fitted mixture.`
      throw new AppError('vector_set_not_searchable', { message, vectorSetId: id })
    },

    async nearPairs(
      projectId: string,
      id: string,
      { minSimilarity, ...request }: PageRequest & { readonly minSimilarity: number }
    ): Promise<Page<NearPair>> {
      const set = await find(projectId, id)
      const read = (page: PageRequest) => unitOfWork((tx) => tx.vectors.nearPairs(set, { ...page, minSimilarity }))
      return oneAtATime(projectId, () => gather(set, request, read))
    },

    /** Of images without one. */
    async proposedLabels(
      projectId: string,
      id: string,
      { from, neighbors, ...request }: LabelWish & PageRequest
    ): Promise<Page<ProposedLabel>> {
      const set = await find(projectId, id)
      const { bank } = await findBank(projectId, set, from)
      await countLabelled(bank)
      const of = 'unlabelled'
      const read = (page: PageRequest) =>
        unitOfWork((tx) => tx.vectors.labelNeighbors(set, { bank, of, page, neighbors }))
      const found = await oneAtATime(projectId, () => gather(bank, request, read))
      const data = found.data.flatMap(({ image, neighbors: voters }) => {
        const voted = vote(voters)
        return voted === null ? [] : [{ image, ...voted }]
      })
      return { ...found, data }
    },

    /** Of images with one: how often their neighbours say it, by how sure those are. */
    async labelAccuracy(
      projectId: string,
      id: string,
      { from, neighbors, sample }: LabelWish & { readonly sample: number }
    ): Promise<LabelAccuracy> {
      const set = await find(projectId, id)
      const { bank, owner } = await findBank(projectId, set, from)
      const asked = `${bank.id} ${neighbors} ${sample}`
      const figures = await accuracies(asked, () => measure(projectId, bank, { neighbors, sample }))
      return { set: owner, ...figures }
    }
  }
}
