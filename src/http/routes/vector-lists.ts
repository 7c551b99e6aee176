import type { Services } from '../../services/services.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  LabelAccuracy,
  LabelAccuracyQuery,
  NearDuplicatesList,
  NearDuplicatesQuery,
  OutlierList,
  ProposedLabelList,
  ProposedLabelsQuery,
  presentLabelAccuracy,
  presentNearPair,
  presentOutlier,
  presentProposed,
  readLabelWish
} from '../schemas/vector-list.ts'
import type { App } from '../server.ts'

const tags = ['vector sets']
const problems = ['vector_set_not_found', 'vector_set_not_ready', 'vector_set_not_searchable', 'overloaded'] as const

export function vectorListRoutes(app: App, { vectorLists }: Pick<Services, 'vectorLists'>): void {
  app.get(
    '/v1/vector-sets/:id/outliers',
    {
      schema: {
        operationId: 'listOutliers',
        tags,
        summary: 'List images, those that the model knows least first',
        description: 'By their density under the mixture fitted to the training images, the lowest first.',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: OutlierList }
      },
      config: { problems }
    },
    async ({ params, query, principal }) =>
      presentPage(await vectorLists.outliers(principal.projectId, params.id, toPageRequest(query)), presentOutlier)
  )

  app.get(
    '/v1/vector-sets/:id/duplicates',
    {
      schema: {
        operationId: 'listNearDuplicates',
        tags,
        summary: 'List pairs of images that are nearly the same',
        description:
          'In the order of the images. A page ends where one request has compared enough: it may have few pairs, or none, and more behind it.',
        params: IdParams,
        querystring: NearDuplicatesQuery,
        response: { 200: NearDuplicatesList }
      },
      config: { problems }
    },
    async ({ params, query, principal }) => {
      const request = { ...toPageRequest(query), minSimilarity: query.min_similarity ?? 0.95 }
      return presentPage(await vectorLists.nearPairs(principal.projectId, params.id, request), presentNearPair)
    }
  )

  app.get(
    '/v1/vector-sets/:id/proposed-labels',
    {
      schema: {
        operationId: 'listProposedLabels',
        tags,
        summary: 'List labels that images without one get from their neighbours',
        description: 'In the order of the images. A page ends where one request has compared enough.',
        params: IdParams,
        querystring: ProposedLabelsQuery,
        response: { 200: ProposedLabelList }
      },
      config: { problems }
    },
    async ({ params, query, principal }) => {
      const request = { ...toPageRequest(query), ...readLabelWish(query) }
      return presentPage(await vectorLists.proposedLabels(principal.projectId, params.id, request), presentProposed)
    }
  )

  app.get(
    '/v1/vector-sets/:id/label-accuracy',
    {
      schema: {
        operationId: 'getLabelAccuracy',
        tags,
        summary: 'Measure how often neighbours propose the right label',
        description: 'Images with a label are asked as if they had none: leave-one-out, by how sure the vote is.',
        params: IdParams,
        querystring: LabelAccuracyQuery,
        response: { 200: LabelAccuracy }
      },
      config: { problems }
    },
    async ({ params, query, principal }) => {
      const wish = { ...readLabelWish(query), sample: query.sample ?? 200 }
      return presentLabelAccuracy(await vectorLists.labelAccuracy(principal.projectId, params.id, wish))
    }
  )
}
