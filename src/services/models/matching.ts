/**
 * Which prototype of one model is which of another: matched so that as many images of a dataset version as possible have prototypes that belong
 * together. Any two models are compared so, whatever their heads, by vector sets that assigned the same images.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError, isAppError } from '../../base/errors.ts'
import type { VersionName } from '../../domain/evaluation.ts'
import type { Stores } from '../../domain/stores.ts'
import type { VectorSet } from '../../domain/vector-set.ts'
import type { Overlap, SearchedSet } from '../../domain/vector-stores.ts'
import { matchingOf, type Weights } from '../../math/matching.ts'
import { createOneAtATime } from '../one-at-a-time.ts'
import type { ModelService, ModelWithHead } from './models.ts'

export interface MatchingRequest {
  readonly model: string
  /** Null for the version before. */
  readonly against: string | null
  /** Null for that of the newest vector sets. */
  readonly dataset: VersionName | null
  /** Pairs below it are none. */
  readonly minSimilarity: number
}

export interface MatchedPair {
  /** Of `against`. */
  readonly from: number
  /** Of the model. */
  readonly to: number
  /** That both have. */
  readonly images: number
  /** Images that both have, of those that one of them has. */
  readonly similarity: number
}

export interface PrototypeUse {
  readonly prototype: number
  readonly images: number
}

export interface Matching {
  readonly model: ModelWithHead
  readonly against: ModelWithHead
  readonly sets: { readonly model: VectorSet; readonly against: VectorSet }
  readonly images: number
  /** By `from`. */
  readonly pairs: readonly MatchedPair[]
  /** Those of either that have an image and no partner. */
  readonly unmatched: { readonly from: readonly PrototypeUse[]; readonly to: readonly PrototypeUse[] }
}

/** Vector sets of a model that are looked at, the newest first. */
const MOST_SETS = 100
/** Of prototypes that have an image in common; they are held at once. */
const MOST_PAIRS = 300_000
/** Of work before others have a turn. */
const TURN_MS = 10

async function versionBefore(
  models: Pick<ModelService, 'getWithHead'>,
  { projectId, name, version }: ModelWithHead
): Promise<ModelWithHead> {
  if (name !== null && version !== null && version > 1)
    try {
      return await models.getWithHead(projectId, `${name}@${version - 1}`)
    } catch (error) {
      // Removed meanwhile: of what was named nothing is missing.
      if (!isAppError(error, 'model_not_found')) throw error
    }
  const message = 'There is no version before this one: `against` has to name a model.'
  throw new AppError('matching_unavailable', { message })
}

type Assigned = VectorSet & SearchedSet

export interface MatchingDeps {
  readonly stores: Pick<Stores, 'vectorSets' | 'vectors'>
  readonly models: Pick<ModelService, 'getWithHead'>
}

export function createMatching({ stores, models }: MatchingDeps) {
  // 9 s of this process for 300,000 pairs of 10,000 prototypes (measured), in turns: of a project that asks for many they follow each other.
  const oneAtATime = createOneAtATime()
  /** @throws AppError model_not_found, model_not_ready, model_without_head, invalid_request, vector_set_not_found, matching_unavailable */
  return async (projectId: string, request: MatchingRequest): Promise<Matching> => {
    const model = await models.getWithHead(projectId, request.model)
    const against =
      request.against === null
        ? await versionBefore(models, model)
        : await models.getWithHead(projectId, request.against)
    const sets = await commonSets(stores, [model, against], request.dataset)
    return oneAtATime(projectId, async () => {
      const overlaps = await stores.vectors.overlaps(sets.against, sets.model, MOST_PAIRS + 1)
      if (overlaps.length > MOST_PAIRS) {
        const message = `More than ${MOST_PAIRS} pairs of prototypes have an image of ${nameOf(sets.model)} in common: take a smaller dataset version.`
        throw new AppError('matching_unavailable', { message })
      }
      return { model, against, sets, ...(await matched(overlaps, request.minSimilarity)) }
    })
  }
}

async function commonSets(
  { vectorSets }: Pick<Stores, 'vectorSets'>,
  [model, against]: readonly [ModelWithHead, ModelWithHead],
  dataset: VersionName | null
): Promise<{ readonly model: Assigned; readonly against: Assigned }> {
  const assigned = async ({ id, projectId }: ModelWithHead): Promise<Assigned[]> => {
    const filter = { modelId: id, status: 'succeeded', ...(dataset && { dataset }) } as const
    const { data } = await vectorSets.list(projectId, filter, { limit: MOST_SETS, after: null })
    return data.flatMap((set) => (set.index === null || set.prototypes === null ? [] : [{ ...set, index: set.index }]))
  }
  const others = new Map((await assigned(against)).reverse().map((set) => [nameOf(set), set]))
  for (const set of await assigned(model)) {
    const other = others.get(nameOf(set))
    if (other !== undefined) return { model: set, against: other }
  }
  const which = dataset === null ? 'one dataset version' : nameOf({ dataset })
  const message = `There are no vector sets of ${which} by both ${against.id} and ${model.id} that assign images and can be searched: make them by POST /v1/vector-sets.`
  throw new AppError('vector_set_not_found', { message })
}

const nameOf = ({ dataset: { datasetId, version } }: Pick<VectorSet, 'dataset'>): string => `${datasetId}@${version}`

async function matched(
  overlaps: readonly Overlap[],
  minSimilarity: number
): Promise<Pick<Matching, 'images' | 'pairs' | 'unmatched'>> {
  const [from, to] = [sumsOf(overlaps, 'from'), sumsOf(overlaps, 'to')]
  const [rows, columns] = [[...from.keys()], [...to.keys()]]
  const columnAt = new Map(columns.map((prototype, column) => [prototype, column]))
  const rowAt = new Map(rows.map((prototype, row) => [prototype, row]))
  const table: { column: number; weight: number }[][] = rows.map(() => [])
  for (const one of overlaps) table[rowAt.get(one.from)!]!.push({ column: columnAt.get(one.to)!, weight: one.images })
  const columnOf = await inTurns({ rows: rows.length, columns: columns.length, pairs: table })
  const pairs = rows.flatMap((prototype, row): MatchedPair[] => {
    const column = columnOf[row]!
    if (column < 0) return []
    const partner = columns[column]!
    const images = table[row]!.find((pair) => pair.column === column)!.weight
    const similarity = images / (from.get(prototype)! + to.get(partner)! - images)
    return similarity < minSimilarity ? [] : [{ from: prototype, to: partner, images, similarity }]
  })
  const [paired, partners] = [new Set(pairs.map((pair) => pair.from)), new Set(pairs.map((pair) => pair.to))]
  const images = overlaps.reduce((sum, one) => sum + one.images, 0)
  return { images, pairs, unmatched: { from: leftOf(from, paired), to: leftOf(to, partners) } }
}

/** Images by prototype, in the order of their numbers. */
function sumsOf(overlaps: readonly Overlap[], side: 'from' | 'to'): Map<number, number> {
  const sums = new Map<number, number>()
  for (const one of overlaps) sums.set(one[side], (sums.get(one[side]) ?? 0) + one.images)
  return new Map([...sums].sort(([i], [j]) => i - j))
}

const leftOf = (uses: ReadonlyMap<number, number>, paired: ReadonlySet<number>): PrototypeUse[] =>
  [...uses].flatMap(([prototype, images]) => (paired.has(prototype) ? [] : [{ prototype, images }]))

async function inTurns(weights: Weights): Promise<Int32Array> {
  const steps = matchingOf(weights)
  for (let began = performance.now(); ; ) {
    const { done, value } = steps.next()
    if (done) return value.columnOf
    if (performance.now() - began < TURN_MS) continue
    await nextTurn()
    began = performance.now()
  }
}
