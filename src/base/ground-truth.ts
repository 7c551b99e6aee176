/** What is to be found for each query, as JSON of the public ground truth of revisited Oxford and Paris. */
import type { AppError } from './errors.ts'
import { isRecord } from './json.ts'

/** Places in the gallery, for one query. */
export interface Truth {
  readonly easy: readonly number[]
  readonly hard: readonly number[]
  readonly junk: readonly number[]
}

export interface Query {
  readonly name: string
  /** In pixels of its image; null: the whole image. */
  readonly box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number } | null
  /** Places in `images`. */
  readonly truth: Truth
}

export interface GroundTruth {
  /** Names of the gallery, without folders and endings. */
  readonly images: readonly string[]
  readonly queries: readonly Query[]
}

/** @param what is wrong, as a sentence that names the field, without its full stop */
type Wrong = (what: string) => AppError

/** @throws what `wrong` makes, naming the field */
export function readGroundTruth(whole: unknown, wrong: Wrong): GroundTruth {
  if (!isRecord(whole)) throw wrong('it is no JSON object; docs/evaluation.md has how to make one of the public file')
  const images = namesOf(whole['imlist'], 'imlist', wrong)
  const names = namesOf(whole['qimlist'], 'qimlist', wrong)
  const { gnd } = whole
  if (!Array.isArray(gnd) || gnd.length !== names.length)
    throw wrong(`gnd must have ${names.length} entries, as qimlist has`)
  const queries = names.map((name, i) => queryOf(name, gnd[i], { at: `gnd[${i}]`, images: images.length, wrong }))
  if (queries.every(({ truth: { easy, hard } }) => easy.length + hard.length === 0))
    throw wrong('no query has anything to find: easy and hard are empty for all of them')
  return { images, queries }
}

function namesOf(value: unknown, at: string, wrong: Wrong): string[] {
  const isName = (one: unknown): one is string => typeof one === 'string' && one !== ''
  if (!Array.isArray(value) || value.length === 0 || !value.every(isName)) throw wrong(`${at} must be a list of names`)
  if (new Set(value).size < value.length) throw wrong(`${at} has a name twice`)
  return value
}

interface Place {
  readonly at: string
  readonly images: number
  readonly wrong: Wrong
}

function queryOf(name: string, value: unknown, place: Place): Query {
  const { at, images, wrong } = place
  if (!isRecord(value)) throw wrong(`${at} must be an object`)
  const rows = (list: 'easy' | 'hard' | 'junk'): number[] => {
    const row = (one: unknown): one is number =>
      Number.isInteger(one) && (one as number) >= 0 && (one as number) < images
    const named = value[list]
    if (!Array.isArray(named) || !named.every(row))
      throw wrong(`${at}.${list} must be places in imlist, 0 to ${images - 1}`)
    return named
  }
  const truth = { easy: rows('easy'), hard: rows('hard'), junk: rows('junk') }
  checkOnce(truth, place)
  return { name, box: boxOf(value['bbx'], place), truth }
}

/** An image that is looked for twice is found twice, and precisions come to more than 100 %. */
function checkOnce(truth: Truth, { at, wrong }: Place): void {
  const listOf = new Map<number, string>()
  for (const list of ['easy', 'hard', 'junk'] as const)
    for (const row of truth[list]) {
      const known = listOf.get(row)
      if (known === list) throw wrong(`${at}.${list} has place ${row} twice`)
      if (known !== undefined) throw wrong(`${at}.${known} and ${at}.${list} both have place ${row}`)
      listOf.set(row, list)
    }
}

function boxOf(value: unknown, { at, wrong }: Place): Query['box'] {
  if (value === undefined || value === null) return null
  const isNumber = (one: unknown): one is number => typeof one === 'number'
  if (Array.isArray(value) && value.length === 4 && value.every(isNumber)) {
    const [left, top, right, bottom] = value as [number, number, number, number]
    const [width, height] = [right - left, bottom - top]
    if (width > 0 && height > 0 && Number.isFinite(width + height)) return { left, top, width, height }
  }
  throw wrong(`${at}.bbx must be left, top, right and bottom of a box`)
}
