/** What a vector set says of its dataset: images that are nearly the same, that the model knows least, and labels of neighbours. */
import { Type } from 'typebox'
import { dataOf } from '../../client/client.ts'
import { defineTool, READS } from '../tool.ts'
import { listed, Paging, pageOf } from './lists.ts'

const Strict = { additionalProperties: false }
const vector_set = Type.String({ minLength: 1, description: 'vec_…; list_vector_sets has them.' })
const Vote = {
  labels_from: Type.Optional(
    Type.String({ minLength: 1, description: 'Another set of the same model, whose labels are asked.' })
  ),
  neighbors: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '20 by default.' }))
}

const voteOf = ({ labels_from, neighbors }: { readonly labels_from?: string; readonly neighbors?: number }) => ({
  ...(labels_from !== undefined && { from: labels_from }),
  ...(neighbors !== undefined && { neighbors })
})

const nearDuplicates = defineTool({
  name: 'near_duplicates',
  title: 'List images that are nearly the same',
  description:
    'Pairs of images of a vector set by cosine, in the order of the images. A page may have few pairs, or none, and more behind it (has_more). ' +
    'What a cosine means is the model’s: look at some pairs before a threshold is used.',
  annotations: READS,
  input: Type.Object(
    {
      vector_set,
      min_similarity: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: '0.95 by default.' })),
      ...Paging
    },
    Strict
  ),
  async run({ vector_set: id, min_similarity, ...paging }, { client, signal }) {
    const query = { ...pageOf(paging), ...(min_similarity !== undefined && { min_similarity }) }
    const params = { path: { id }, query }
    return listed(await dataOf(client.GET('/v1/vector-sets/{id}/duplicates', { params, signal })), (one) => one)
  }
})

const outliers = defineTool({
  name: 'outliers',
  title: 'List images that a model knows least',
  description:
    'Images of a vector set by their density under the mixture fitted to the training images, the lowest first.',
  annotations: READS,
  input: Type.Object({ vector_set, ...Paging }, Strict),
  async run({ vector_set: id, ...paging }, { client, signal }) {
    const params = { path: { id }, query: pageOf(paging) }
    return listed(await dataOf(client.GET('/v1/vector-sets/{id}/outliers', { params, signal })), (one) => one)
  }
})

const proposedLabels = defineTool({
  name: 'proposed_labels',
  title: 'List labels that neighbours propose',
  description:
    'Of images without a label, that of the nearest with one, with the share of the vote. label_accuracy says what that share is worth.',
  annotations: READS,
  input: Type.Object({ vector_set, ...Vote, ...Paging }, Strict),
  async run({ vector_set: id, limit, after, ...vote }, { client, signal }) {
    const page = pageOf({ ...(limit !== undefined && { limit }), ...(after !== undefined && { after }) })
    const params = { path: { id }, query: { ...page, ...voteOf(vote) } }
    return listed(await dataOf(client.GET('/v1/vector-sets/{id}/proposed-labels', { params, signal })), (one) => one)
  }
})

const labelAccuracy = defineTool({
  name: 'label_accuracy',
  title: 'Measure labels that neighbours propose',
  description:
    'How often neighbours propose the label that an image has, by how sure the vote is: each is asked as if it had none.',
  annotations: READS,
  input: Type.Object(
    {
      vector_set,
      ...Vote,
      sample: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '200 by default.' }))
    },
    Strict
  ),
  run({ vector_set: id, sample, ...vote }, { client, signal }) {
    const params = { path: { id }, query: { ...voteOf(vote), ...(sample !== undefined && { sample }) } }
    return dataOf(client.GET('/v1/vector-sets/{id}/label-accuracy', { params, signal }))
  }
})

export const CURATION_TOOLS = [nearDuplicates, outliers, proposedLabels, labelAccuracy]
