/** What vector sets and counters say of images and prototypes: nearest images, drift, and which cluster is which. */
import { Type } from 'typebox'
import { dataOf, idempotent, newIdempotencyKey } from '../../client/client.ts'
import { defineTool, READS, WRITES } from '../tool.ts'
import { inputOf } from './images.ts'
import { listed, Paging, pageOf } from './lists.ts'

const Strict = { additionalProperties: false }
const Model = Type.String({ minLength: 1, description: 'mdl_…, name@3, name@alias, or a run whose model is meant.' })

const listVectorSets = defineTool({
  name: 'list_vector_sets',
  title: 'List vector sets',
  description:
    'Embeddings of all images of a dataset version by a model, newest first: status, model, dataset, and by which index they are searched (null: they are not).',
  annotations: READS,
  input: Type.Object(Paging, Strict),
  async run(paging, { client, signal }) {
    const page = await dataOf(client.GET('/v1/vector-sets', { params: { query: pageOf(paging) }, signal }))
    return listed(page, ({ id, name, status, model, dataset, dimensions, index, progress, error }) => ({
      ...{ id, name, status, model, dataset, dimensions, index, progress, error }
    }))
  }
})

const makeVectorSet = defineTool({
  name: 'make_vector_set',
  title: 'Embed all images of a dataset',
  description:
    'Queues the embedding of every image of a dataset version by a model, to files and to be searched: it costs as many images as the version has. ' +
    'list_vector_sets says when it has succeeded.',
  annotations: WRITES,
  input: Type.Object(
    {
      model: Model,
      dataset: Type.String({ minLength: 1, description: 'ds_…@3, or ds_… for its latest ready version.' }),
      name: Type.Optional(Type.String({ minLength: 1 })),
      assign: Type.Optional(
        Type.Boolean({
          description: 'Whether images are assigned to prototypes: as long again; where the model has some by default.'
        })
      )
    },
    Strict
  ),
  async run(asked, { client, signal }) {
    const body = { ...asked, search: true }
    return dataOf(client.POST('/v1/vector-sets', { body, ...idempotent(newIdempotencyKey()), signal }))
  }
})

const searchImages = defineTool({
  name: 'search_images',
  title: 'Find the nearest images',
  description:
    'Images of a vector set that are nearest to an image, to one of the set (index), or to the mean direction of a prototype: give one of the three. ' +
    'An image is embedded by the set’s model, which costs its pixels.',
  annotations: READS,
  input: Type.Object(
    {
      vector_set: Type.String({ minLength: 1, description: 'vec_…; list_vector_sets has them.' }),
      image: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'Path of a file on the machine of this tool, or an https URL of a host that the server allows.'
        })
      ),
      index: Type.Optional(Type.Integer({ minimum: 0, description: 'Its place in the dataset version.' })),
      prototype: Type.Optional(Type.Integer({ minimum: 0 })),
      top_k: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '10 by default.' })),
      min_similarity: Type.Optional(Type.Number({ minimum: -1, maximum: 1, description: 'Cosine, at the least.' })),
      labels: Type.Optional(
        Type.Array(Type.String(), { maxItems: 100, description: 'Images of one of these classes.' })
      )
    },
    Strict
  ),
  async run({ vector_set: id, image, labels, top_k = 10, ...sought }, { client, signal }) {
    const input = image === undefined ? {} : { input: await inputOf(image) }
    const body = { ...input, ...sought, top_k, ...(labels && { filter: { labels } }) }
    const params = { path: { id } }
    const { data, ...about } = await dataOf(client.POST('/v1/vector-sets/{id}:search', { params, body, signal }))
    const { model, dataset, exact } = about
    return { model, dataset, exact, matches: data.map(({ object: _, ...match }) => match) }
  }
})

const modelDrift = defineTool({
  name: 'model_drift',
  title: 'How served images differ from training images',
  description:
    'Of a model whose drift is counted: the open window and those that ended, each with its population stability index and share of low ' +
    'density beside what chance gives. kappa://docs/drift.md says what the numbers mean. It switches nothing on or off.',
  annotations: READS,
  input: Type.Object({ model: Model }, Strict),
  run: ({ model: id }, { client, signal }) =>
    dataOf(client.GET('/v1/models/{id}/drift', { params: { path: { id } }, signal }))
})

const matchPrototypes = defineTool({
  name: 'match_prototypes',
  title: 'Which prototype of a model is which of another',
  description:
    'By images that vector sets of both models have assigned: pairs of prototypes with the images that they share, and those without a partner.',
  annotations: READS,
  input: Type.Object(
    {
      model: Model,
      against: Type.Optional(Type.String({ minLength: 1, description: 'The version before by default.' })),
      dataset: Type.Optional(Type.String({ description: 'ds_…@3; that of the newest vector sets by default.' })),
      min_similarity: Type.Optional(Type.Number({ minimum: 0, maximum: 1 }))
    },
    Strict
  ),
  run: ({ model: id, ...query }, { client, signal }) =>
    dataOf(client.GET('/v1/models/{id}/matching', { params: { path: { id }, query }, signal }))
})

export const VECTOR_TOOLS = [listVectorSets, makeVectorSet, searchImages, modelDrift, matchPrototypes]
