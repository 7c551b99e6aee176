/** What is asked about two models, as an address has it, and in which order pairs of prototypes are looked at. */
import type { MatchedPair } from '../../../client/resources.ts'
import type { MatchingWish } from '../../data/queries/matching.ts'

export const ORDERS = [
  ['-images', 'most images first'],
  ['similarity', 'least alike first'],
  ['-similarity', 'most alike first'],
  ['from', 'by number']
] as const

export type Order = (typeof ORDERS)[number][0]

export const orderOf = (text: string): Order => ORDERS.find(([order]) => order === text)?.[0] ?? '-images'

const COMPARED: Readonly<Record<Order, (one: MatchedPair, other: MatchedPair) => number>> = {
  '-images': (one, other) => other.images - one.images,
  similarity: (one, other) => one.similarity - other.similarity,
  '-similarity': (one, other) => other.similarity - one.similarity,
  from: (one, other) => one.from - other.from
}

export const inOrder = (pairs: readonly MatchedPair[], order: Order): readonly MatchedPair[] =>
  pairs.toSorted(COMPARED[order])

export const LEASTS = [
  ['0', 'any'],
  ['0.1', '10 %'],
  ['0.3', '30 %'],
  ['0.5', '50 %'],
  ['0.7', '70 %']
] as const

export function wishOf(model: string, query: URLSearchParams): MatchingWish {
  const least = LEASTS.find(([value]) => value === query.get('min_similarity'))?.[0] ?? '0'
  return { model, against: query.get('against') ?? '', dataset: query.get('dataset') ?? '', least: Number(least) }
}

/** What is as it is by itself is not in the address. */
export function addressOf({ against, dataset, least }: MatchingWish): Record<string, string> {
  return {
    ...(against !== '' && { against }),
    ...(dataset !== '' && { dataset }),
    ...(least > 0 && { min_similarity: String(least) })
  }
}

/** Of what may be thousands those of one page, from 0; a page behind the last is the last. */
export function pageOf<T>(items: readonly T[], page: number, size: number) {
  const last = Math.max(0, Math.ceil(items.length / size) - 1)
  const at = Math.min(page, last)
  return { shown: items.slice(at * size, (at + 1) * size), at, isLast: at === last }
}
