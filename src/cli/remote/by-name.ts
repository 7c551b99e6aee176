/** Vector sets and datasets by their names: whoever gave one a name need not copy its id. The API itself takes ids alone. */
import { idPattern } from '../../base/ids.ts'
import { dataOf } from '../../client/client.ts'
import { refusal } from '../command.ts'
import type { Connection } from './connection.ts'
import { itemsOf } from './pages.ts'

interface Named {
  readonly id: string
  readonly name: string | null
}

const VECTOR_SET_ID = new RegExp(idPattern('vectorSet'))
const DATASET_ID = new RegExp(idPattern('dataset'))

/**
 * @param found those whose name has the word in it, in upper or lower case alike
 * @throws AppError invalid_request where none, or more than one, is called so: a guess might be another's images
 */
async function oneCalled(word: string, what: string, prefix: string, found: AsyncIterable<Named>): Promise<string> {
  const ids: string[] = []
  for await (const { id, name } of found) if (name === word) ids.push(id)
  if (ids.length === 1) return ids[0]!
  if (ids.length === 0)
    throw refusal(`There is no such ${what}: none is called ${word}, and ids begin with ${prefix}_.`)
  throw refusal(`${ids.length} ${what}s are called ${word}; say which: ${ids.slice(0, 5).join(', ')}.`)
}

/** @param word `vec_…` or a name */
export async function vectorSetIdOf({ api }: Connection, word: string, signal?: AbortSignal): Promise<string> {
  if (VECTOR_SET_ID.test(word)) return word
  const listed = itemsOf((page) =>
    dataOf(api.GET('/v1/vector-sets', { params: { query: { ...page, name: word } }, ...(signal && { signal }) }))
  )
  return oneCalled(word, 'vector set', 'vec', listed)
}

/** @param word `ds_…`, a name, or either with `@3` behind it, which stays */
export async function datasetIdOf({ api }: Connection, word: string, signal?: AbortSignal): Promise<string> {
  const [, name, version] = /^(.+?)(@\d+)?$/s.exec(word) ?? [word, word]
  if (name === undefined || DATASET_ID.test(name)) return word
  const listed = itemsOf((page) =>
    dataOf(api.GET('/v1/datasets', { params: { query: { ...page, name } }, ...(signal && { signal }) }))
  )
  return `${await oneCalled(name, 'dataset', 'ds', listed)}${version ?? ''}`
}
