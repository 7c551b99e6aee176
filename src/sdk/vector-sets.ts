/** A vector set: waited for, searched, and what it says of a dataset as lists without pages. */
import { dataOf, type KappaClient } from '../client/client.ts'
import type {
  Matches,
  NearDuplicates,
  Outlier,
  Page,
  ProposedLabel,
  SearchVectorSet,
  VectorSet
} from '../client/resources.ts'
import { base64Of } from './base64.ts'
import { type WaitOptions, waitUntil } from './waiting.ts'

/** What is looked for: one of these. */
export type Sought =
  | { /** The bytes of an image file. */ readonly image: Uint8Array }
  | { /** By the set's model, of any length. */ readonly vector: ArrayLike<number> }
  | { /** An image of the set, by its place; it is not found itself. */ readonly index: number }
  | { /** The mean direction of its images. */ readonly prototype: number }

export type Search = Sought & {
  /** Images that are answered; 10 unless it is given. */
  readonly topK?: number
  /** Cosine, at the least. */
  readonly minSimilarity?: number
  /** Of one of these classes. */
  readonly labels?: readonly string[]
  /** Of one of these prototypes. */
  readonly prototypes?: readonly number[]
  readonly signal?: AbortSignal
}

interface Listing {
  readonly signal?: AbortSignal
}

const PAGE = 100
const TOP = 10

function soughtOf(search: Search): Partial<SearchVectorSet> {
  if ('image' in search) return { input: base64Of(search.image) }
  if ('vector' in search) return { vector: Array.from(search.vector) }
  return 'index' in search ? { index: search.index } : { prototype: search.prototype }
}

function bodyOf(search: Search): SearchVectorSet {
  const { topK = TOP, minSimilarity, labels, prototypes } = search
  const filter = { ...(labels && { labels: [...labels] }), ...(prototypes && { prototypes: [...prototypes] }) }
  return {
    ...soughtOf(search),
    top_k: topK,
    ...(minSimilarity !== undefined && { min_similarity: minSimilarity }),
    ...((labels || prototypes) && { filter })
  }
}

/** A page may be empty and have more behind it. */
async function* each<T>(ask: (page: { limit: number; after?: string }) => Promise<Page<T>>): AsyncGenerator<T, void> {
  for (let after: string | null | undefined; after !== null; ) {
    const page = await ask({ limit: PAGE, ...(after !== undefined && { after }) })
    yield* page.data
    after = page.has_more ? page.next_cursor : null
  }
}

export type VectorSets = ReturnType<typeof createVectorSets>

export function createVectorSets(api: KappaClient) {
  const asked = (id: string, { signal }: Listing) => ({ path: { id }, rest: signal ? { signal } : {} })

  return {
    /** Until it has succeeded, failed or was cancelled. */
    wait: (id: string, options: WaitOptions<VectorSet> = {}): Promise<VectorSet> =>
      waitUntil(
        (signal) => dataOf(api.GET('/v1/vector-sets/{id}', { params: { path: { id } }, signal })),
        ({ status }) => status !== 'queued' && status !== 'running',
        options
      ),

    /** Nearest first. */
    search(id: string, search: Search): Promise<Matches> {
      const { path, rest } = asked(id, search)
      return dataOf(api.POST('/v1/vector-sets/{id}:search', { params: { path }, body: bodyOf(search), ...rest }))
    },

    /** Pairs whose cosine is as much or more (0.95), in the order of the images. */
    duplicates(
      id: string,
      options: Listing & { readonly minSimilarity?: number } = {}
    ): AsyncGenerator<NearDuplicates> {
      const { path, rest } = asked(id, options)
      const least = options.minSimilarity === undefined ? {} : { min_similarity: options.minSimilarity }
      return each((page) =>
        dataOf(api.GET('/v1/vector-sets/{id}/duplicates', { params: { path, query: { ...page, ...least } }, ...rest }))
      )
    },

    /** Those that the model knows least first. */
    outliers(id: string, options: Listing = {}): AsyncGenerator<Outlier> {
      const { path, rest } = asked(id, options)
      return each((query) => dataOf(api.GET('/v1/vector-sets/{id}/outliers', { params: { path, query }, ...rest })))
    },

    /** Of images without a label, by the vote of the nearest with one: of this set, or of `from`. */
    proposedLabels(
      id: string,
      options: Listing & { readonly from?: string; readonly neighbors?: number } = {}
    ): AsyncGenerator<ProposedLabel> {
      const { path, rest } = asked(id, options)
      const { from, neighbors } = options
      const vote = { ...(from !== undefined && { from }), ...(neighbors !== undefined && { neighbors }) }
      return each((page) =>
        dataOf(
          api.GET('/v1/vector-sets/{id}/proposed-labels', { params: { path, query: { ...page, ...vote } }, ...rest })
        )
      )
    }
  }
}
