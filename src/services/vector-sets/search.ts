/** What is nearest in a vector set: to an image, a vector, one of its own images, or the mean direction of a prototype. */
import { AppError } from '../../base/errors.ts'
import type { Caller, Timings } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { VectorSet } from '../../domain/vector-set.ts'
import type { FoundImages, SearchedSet, VectorQuery } from '../../domain/vector-stores.ts'
import type { FoundEmbedder } from '../serving/find-embedder.ts'
import type { ImageInput } from '../serving/image-sources.ts'
import type { ServingService } from '../serving/serving.ts'
import { searchedSet } from './labelled-set.ts'
import { checkSucceeded, findVectorSet } from './vector-sets.ts'

export type SearchWish =
  | { readonly by: 'image'; readonly image: ImageInput }
  | { readonly by: 'vector'; readonly vector: readonly number[] }
  | { readonly by: 'index'; readonly index: number }
  | { readonly by: 'prototype'; readonly prototype: number }

export interface SearchRequest {
  readonly projectId: string
  readonly id: string
  readonly wish: SearchWish
  readonly limit: number
  readonly labels: readonly string[] | null
  readonly prototypes: readonly number[] | null
  /** Cosine; null: any. */
  readonly minSimilarity: number | null
  readonly caller: Caller
}

export interface SearchAnswer extends FoundImages {
  readonly set: VectorSet
  /** Null where nothing was embedded. */
  readonly embedded: { readonly model: FoundEmbedder; readonly timings: Timings } | null
}

export interface SearchDeps {
  readonly stores: Pick<Stores, 'vectorSets' | 'vectors'>
  readonly unitOfWork: UnitOfWork
  readonly serving: Pick<ServingService, 'embed'>
}

export type SearchService = ReturnType<typeof createSearchService>

export function createSearchService({ stores, unitOfWork, serving }: SearchDeps) {
  async function vectorOf(
    set: SearchedSet & Pick<VectorSet, 'modelId' | 'prototypes'>,
    { wish, caller }: SearchRequest
  ): Promise<{ readonly vector: ArrayLike<number>; readonly embedded: SearchAnswer['embedded'] }> {
    if (wish.by === 'image') {
      const whole = { output: 'cls', dimensions: null } as const
      const request = { projectId: set.projectId, model: set.modelId, images: [wish.image], ...whole, caller }
      const { model, embeddings, timings } = await serving.embed(request)
      return { vector: embeddings[0]!, embedded: { model, timings } }
    }
    if (wish.by === 'vector') return { vector: checkedVector(wish.vector, set), embedded: null }
    const vector =
      wish.by === 'index'
        ? await stores.vectors.vectorOf(set, wish.index)
        : await stores.vectors.meanOf(set, wish.prototype)
    if (vector !== null) return { vector, embedded: null }
    const message =
      wish.by === 'index'
        ? `Vector set ${set.id} has no image ${wish.index}.`
        : `Vector set ${set.id} has no image of prototype ${wish.prototype}.`
    throw new AppError('vector_not_found', { message, errors: [{ path: `/${wish.by}`, message }] })
  }

  return {
    /**
     * @throws AppError vector_set_not_found, vector_set_not_ready, vector_set_not_searchable, vector_not_found, invalid_request,
     *   and of ServingService.embed
     */
    async search(request: SearchRequest): Promise<SearchAnswer> {
      const { wish, limit, labels, prototypes, minSimilarity } = request
      const found = await findVectorSet(stores, request.projectId, request.id)
      checkSucceeded(found)
      const set = searchedSet(found)
      checkPrototypes(set, request)
      const { vector, embedded } = await vectorOf(set, request)
      const except = wish.by === 'index' ? wish.index : null
      const query: VectorQuery = { vector: unit(vector, wish.by), limit, labels, prototypes, except }
      const { images, isExact } = await unitOfWork((tx) => tx.vectors.search(set, query))
      const near = minSimilarity === null ? images : images.filter(({ similarity }) => similarity >= minSimilarity)
      return { set, embedded, images: near, isExact }
    }
  }
}

/** @throws AppError vector_set_not_searchable for a set whose images were not assigned */
function checkPrototypes({ id, prototypes }: VectorSet, { wish, prototypes: asked }: SearchRequest): void {
  if (prototypes !== null || (asked === null && wish.by !== 'prototype')) return
  const path = wish.by === 'prototype' ? '/prototype' : '/filter/prototypes'
  const message = `Images of vector set ${id} were not assigned to prototypes.`
  throw new AppError('vector_set_not_searchable', { message, errors: [{ path, message }], vectorSetId: id })
}

/** @throws AppError invalid_request */
function checkedVector(vector: readonly number[], { dimensions }: SearchedSet): readonly number[] {
  if (vector.length === dimensions) return vector
  const message = `must have ${dimensions} numbers, and has ${vector.length}`
  throw new AppError('invalid_request', { errors: [{ path: '/vector', message }] })
}

/** @throws AppError invalid_request for one that points nowhere */
function unit(vector: ArrayLike<number>, by: SearchWish['by']): number[] {
  const largest = Array.from(vector).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  // By the largest first: the squares of very large or small numbers are none.
  const scaled = Array.from(vector, (value) => value / largest)
  const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0))
  if (Number.isFinite(length) && length > 0) return scaled.map((value) => value / length)
  throw new AppError('invalid_request', { errors: [{ path: `/${by}`, message: 'has no direction' }] })
}
