/** Vector sets and datasets by their names: whoever gave one a name need not copy its id. The API itself takes ids alone. */
import { idPattern } from '../../base/ids.ts'
import { dataOf } from '../../client/client.ts'
import { refusal } from '../command.ts'
import type { Connection } from './connection.ts'
import { itemsOf } from './pages.ts'
import { localTime } from './words.ts'

interface Named {
  readonly id: string
  readonly name: string | null
  readonly created_at: string
}

const VECTOR_SET_ID = new RegExp(idPattern('vectorSet'))
const DATASET_ID = new RegExp(idPattern('dataset'))

/**
 * @param found those whose name has the word in it, in upper or lower case alike
 * @throws AppError invalid_request where none, or more than one, is called so: a guess might be another's images
 */
async function oneCalled(word: string, what: string, prefix: string, found: AsyncIterable<Named>): Promise<string> {
  const called: Named[] = []
  for await (const one of found) if (one.name === word) called.push(one)
  const [only] = called
  if (only !== undefined && called.length === 1) return only.id
  if (only === undefined)
    throw refusal(`There is no such ${what}: none is called ${word}, and ids begin with ${prefix}_.`)
  // An id alone says nothing to whoever gave the name; when it was made does.
  const which = called.slice(0, 5).map(({ id, created_at }) => `${id} (made ${localTime(created_at)})`)
  const more = called.length > which.length ? ', …' : ''
  throw refusal(`${called.length} ${what}s are called ${word}; say which by its id: ${which.join(', ')}${more}.`)
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
