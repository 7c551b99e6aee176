/** `kappa vector-set make`: all images of a dataset embedded by a model, waited for. */
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import type { CreateVectorSet } from '../../../client/resources.ts'
import { EXIT, needed, refusal } from '../../command.ts'
import { counted } from '../../counted.ts'
import { datasetIdOf } from '../by-name.ts'
import { connect } from '../connection.ts'
import { noMoreThan } from '../option-values.ts'
import type { Action, VectorSetValues } from './actions.ts'
import { followVectorSet, vectorSetFields } from './words.ts'

/** The body of the request, but for the dataset's id. @throws AppError invalid_request */
export function vectorSetWish(values: VectorSetValues): CreateVectorSet {
  const [model, dataset] = [needed('model', values.model), needed('dataset', values.dataset)]
  if (values.assign && values['no-assign']) throw refusal('--assign and --no-assign are two ways.')
  return {
    model,
    dataset,
    search: !values['no-search'],
    ...(values.name !== undefined && { name: values.name }),
    ...(values.assign && { assign: true }),
    ...(values['no-assign'] && { assign: false })
  }
}

export const MAKE: Action = {
  takes: ['model', 'dataset', 'name', 'no-search', 'assign', 'no-assign', 'no-wait'],
  async run({ words, values, output }) {
    noMoreThan(words, 0)
    const wish = vectorSetWish(values)
    const kappa = await connect()
    const body = { ...wish, dataset: await datasetIdOf(kappa, wish.dataset) }
    const set = await dataOf(kappa.api.POST('/v1/vector-sets', { body, ...idempotent(newIdempotencyKey()) }))
    const event = vectorSetFields(set)
    if (values['no-wait']) {
      output.line(`It is ${set.status}. kappa vector-set wait ${set.id} waits until it is ready.`)
      output.result(event, set.id)
      return EXIT.done
    }
    const what = `${counted(set.progress.total_images, 'image')} of ${set.dataset} by ${set.model}`
    output.show(event, `${set.id}: ${what}`)
    return followVectorSet(kappa, set.id, output)
  }
}
