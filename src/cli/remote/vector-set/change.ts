/** `kappa vector-set show`, `wait`, `cancel`, `rename` and `delete`: what the API has under the same names. */
import { dataOf } from '../../../client/client.ts'
import { EXIT } from '../../command.ts'
import { vectorSetIdOf } from '../by-name.ts'
import { connect } from '../connection.ts'
import { noMoreThan, wordAt } from '../option-values.ts'
import { type Action, oneVectorSet } from './actions.ts'
import { followVectorSet, vectorSetFields, vectorSetTable, vectorSetWords } from './words.ts'

async function found(word: string) {
  const kappa = await connect()
  const id = await vectorSetIdOf(kappa, word)
  return { kappa, id, params: { path: { id } } }
}

export const SHOW: Action = {
  takes: [],
  async run({ words, output }) {
    const { kappa, params } = await found(oneVectorSet(words))
    const set = await dataOf(kappa.api.GET('/v1/vector-sets/{id}', { params }))
    output.result(vectorSetFields(set), vectorSetTable(set))
    return EXIT.done
  }
}

export const WAIT: Action = {
  takes: [],
  async run({ words, output }) {
    const { kappa, id } = await found(oneVectorSet(words))
    return followVectorSet(kappa, id, output)
  }
}

export const CANCEL: Action = {
  takes: [],
  async run({ words, output }) {
    const { kappa, params } = await found(oneVectorSet(words))
    const set = await dataOf(kappa.api.POST('/v1/vector-sets/{id}:cancel', { params }))
    output.show(vectorSetFields(set), `${vectorSetWords(set)}.`)
    return EXIT.done
  }
}

export const RENAME: Action = {
  takes: [],
  async run({ words, output }) {
    const word = wordAt(words, 0, 'VECTOR_SET (vec_…, or its name)')
    const name = wordAt(words, 1, 'NAME')
    noMoreThan(words, 2)
    const { kappa, params } = await found(word)
    const set = await dataOf(kappa.api.PATCH('/v1/vector-sets/{id}', { params, body: { name } }))
    output.show(vectorSetFields(set), `${set.id} is called ${set.name}.`)
    return EXIT.done
  }
}

export const DELETE: Action = {
  takes: [],
  async run({ words, output }) {
    const { kappa, id, params } = await found(oneVectorSet(words))
    await dataOf(kappa.api.DELETE('/v1/vector-sets/{id}', { params }))
    output.show({ type: 'deleted', vectorSet: id }, `${id} is deleted, with its files.`)
    return EXIT.done
  }
}
