/**
 * Copy detection as facebookresearch/dino's eval_copy_detection.py has it on Copydays: every copy ranks the originals, and
 * distractors with them, by cosine, and looks for the image that it was made of among the first 20. Average precision is the
 * area under the precision-recall curve by trapezoids (the evaluation of INRIA Holidays). Features may be whitened before:
 * less the mean of other images, on the eigenvectors of their second moments (not centered, as there), each divided by the
 * square root of its eigenvalue.
 */
import type { Estimate, Evaluation } from '../base/evaluation.ts'
import { dotsWithRows } from '../math/knn.ts'
import { normalizeRows, rowCount } from '../math/vectors.ts'
import { bootstrapMeans, bootstrapOver } from './intervals.ts'
import { learnWhitening, whiten } from './whitening.ts'

export interface NamedFeatures {
  /** [N, dim], of any length. */
  readonly features: Float32Array
  /** Files' names with the folders that they lie in. */
  readonly names: readonly string[]
}

export interface Copies {
  readonly dim: number
  readonly originals: NamedFeatures
  readonly copies: NamedFeatures
  /** Ranked beside the originals, and found by nobody. */
  readonly distractors: Float32Array | null
  /** Images that whitening is learned from; null: features stay as they are. */
  readonly whitening: Float32Array | null
}

/** Of the ranking; what lies behind is not found. */
const TOP = 20

/** The last characters of a name without its ending number the copies of one original: 200000.jpg, 200001.jpg, …, 200099.jpg. */
const COPY_CHARACTERS = 2

/** What copies and their original share of their names; null for names that are too short. */
export function originalOf(name: string): string | null {
  const file = name.slice(name.lastIndexOf('/') + 1)
  const dot = file.lastIndexOf('.')
  const stem = dot > 0 ? file.slice(0, dot) : file
  return stem.length > COPY_CHARACTERS ? stem.slice(0, -COPY_CHARACTERS) : null
}

/** `jpegqual/3`; empty where there is none. */
const folderOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')))

/** The folders of a copy as the end of a metric: `_strong`, `_jpegqual_3`; nothing where there is none. */
const kindOf = (name: string): string => {
  const folder = folderOf(name)
  return folder === '' ? '' : `_${folder.replaceAll('/', '_')}`
}

/** Two folders whose copies would be one metric, as `a/b` and `a_b` would; null where there are none. */
export function foldersOfOneMetric(names: readonly string[]): readonly [string, string] | null {
  const folders = new Map<string, string>()
  for (const name of names) {
    const [kind, folder] = [kindOf(name), folderOf(name)]
    const known = folders.get(kind) ?? folder
    if (known !== folder) return [known, folder]
    folders.set(kind, folder)
  }
  return null
}

/** Row numbers of the originals, by what their names share with copies. */
export function originalsByName({ names }: NamedFeatures): ReadonlyMap<string, readonly number[]> {
  const known = new Map<string, number[]>()
  for (const [row, name] of names.entries()) {
    const original = originalOf(name)
    if (original === null) continue
    const rows = known.get(original)
    if (rows === undefined) known.set(original, [row])
    else rows.push(row)
  }
  return known
}

/**
 * Metrics: `map` of each folder of copies, 0 … 1. Copies whose original is not there are left out and counted in
 * `withoutOriginal`; one at least has one. No two folders of them are of one metric.
 */
export function evaluateCopyDetection(of: Copies, { seed }: { readonly seed: number }): Evaluation<'copy_detection'> {
  const { originals, copies, distractors, whitening } = of
  const known = originalsByName(originals)
  const named = originals.names.map(originalOf)
  const { database, queries } = comparable(of)
  const scores = new Float64Array(database.length / of.dim)
  const precisions = new Map<string, number[]>()
  for (const [q, name] of copies.names.entries()) {
    const original = originalOf(name)
    const wanted = known.get(original ?? '')
    if (wanted === undefined) continue
    const query = queries.subarray(q * of.dim, (q + 1) * of.dim)
    dotsWithRows(database, query, { from: 0, to: scores.length, out: scores })
    const kind = kindOf(name)
    const found = precisions.get(kind) ?? []
    precisions.set(kind, found)
    found.push(
      trapezoidPrecision(
        ranksWhere(scores, (row) => named[row] === original),
        wanted.length
      )
    )
  }
  const judged = [...precisions.values()].reduce((sum, { length }) => sum + length, 0)
  return {
    protocol: 'copy_detection',
    settings: {
      top: TOP,
      averagePrecision: 'trapezoids',
      original: `shares all but the last ${COPY_CHARACTERS} characters of the name`,
      distractors: distractors === null ? 0 : rowCount(distractors, of.dim),
      whitening: whitening === null ? null : rowCount(whitening, of.dim),
      withoutOriginal: copies.names.length - judged,
      ...bootstrapOver('queries'),
      seed
    },
    bank: scores.length,
    queries: judged,
    classes: null,
    metrics: Object.fromEntries(
      [...precisions].flatMap(([kind, values]): [string, Estimate][] =>
        Object.entries(bootstrapMeans({ [`map${kind}`]: values }, seed))
      )
    )
  }
}

/** Unit rows, whitened where that was learned: of originals and then distractors, and of copies. */
function comparable({ dim, originals, copies, distractors, whitening }: Copies) {
  const all = new Float32Array(originals.features.length + (distractors?.length ?? 0))
  all.set(originals.features)
  if (distractors !== null) all.set(distractors, originals.features.length)
  const learned = whitening && learnWhitening(whitening, dim)
  const unit = (features: Float32Array) =>
    Float64Array.from(normalizeRows(learned ? whiten(features, learned) : features, dim))
  return { database: unit(all), queries: unit(copies.features) }
}

/**
 * Places of the wanted rows among the first, from 0, ascending. Of equal similarities the earlier row comes first. One pass: as
 * many copies as there are originals may look for as many.
 */
function ranksWhere(scores: Float64Array, isWanted: (row: number) => boolean): number[] {
  const first: number[] = []
  for (let row = 0; row < scores.length; row++) {
    if (first.length === TOP && scores[row]! <= scores[first[TOP - 1]!]!) continue
    let place = first.length
    while (place > 0 && scores[first[place - 1]!]! < scores[row]!) place--
    first.splice(place, 0, row)
    if (first.length > TOP) first.pop()
  }
  return first.flatMap((row, rank) => (isWanted(row) ? [rank] : []))
}

/** @param ranks of what was found, from 0, ascending; @param wanted how many there are to be found */
export function trapezoidPrecision(ranks: readonly number[], wanted: number): number {
  let sum = 0
  for (const [found, rank] of ranks.entries()) {
    const before = rank === 0 ? 1 : found / rank
    sum += (before + (found + 1) / (rank + 1)) / (2 * wanted)
  }
  return sum
}
