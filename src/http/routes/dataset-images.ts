/**
 * What is in a ready version, as records and as pictures. A browser may keep a picture for a day: it never changes, and a day is how
 * long one may be seen after its version was deleted. `vary`, so that a browser that two projects use shows neither the other's.
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { hasEtag } from '../core/etag.ts'
import { callerOf } from '../core/image-requests.ts'
import { asFilename } from '../core/object-answers.ts'
import { presentPage, toPageRequest } from '../schemas/common.ts'
import {
  DatasetImage,
  DatasetImageList,
  DEFAULT_THUMBNAIL,
  FileBytes,
  ImageParams,
  ImageQuery,
  NotModified,
  presentImage,
  ThumbnailBytes,
  ThumbnailQuery
} from '../schemas/dataset-image.ts'
import { VersionParams } from '../schemas/dataset-version.ts'
import type { App } from '../server.ts'

const tags = ['datasets']
const DAY_S = 86_400
const PATH = '/v1/datasets/:id/versions/:version/images'

const problems = [
  'dataset_not_found',
  'dataset_version_not_found',
  'dataset_version_not_ready',
  'storage_unavailable'
] as const

const pictureProblems = [
  ...problems,
  'image_not_found',
  'images_hidden',
  'object_not_found',
  'image_invalid',
  'images_too_large',
  'quota_exceeded',
  'too_much_at_once',
  'overloaded',
  'request_timeout',
  'inference_unavailable'
] as const

const isKept = ({ headers }: FastifyRequest, etag: string): boolean => hasEtag(headers['if-none-match'] ?? '', etag)

/** Of what is there alone: a failure is not kept. */
const mayBeKept = (reply: FastifyReply, etag: string): FastifyReply =>
  reply.headers({ etag, vary: 'authorization', 'cache-control': `private, max-age=${DAY_S}, immutable` })

export function imageListRoutes(app: App, { datasets }: Pick<Services, 'datasets'>): void {
  app.get(
    PATH,
    {
      schema: {
        operationId: 'listDatasetImages',
        tags,
        summary: 'List the images of a version, in their order',
        description:
          'With `label` a page may have fewer images than `limit`, or none, and more behind it: what was looked at is bounded. Go on while `has_more`.',
        params: VersionParams,
        querystring: ImageQuery,
        response: { 200: DatasetImageList }
      },
      config: { problems }
    },
    async ({ params, query, principal }) => {
      const at = { datasetId: params.id, version: params.version }
      const request = { ...toPageRequest(query), label: query.label ?? null }
      return presentPage(await datasets.listImages(principal.projectId, at, request), presentImage)
    }
  )

  app.get(
    `${PATH}/:index`,
    {
      schema: {
        operationId: 'getDatasetImage',
        tags,
        summary: 'Get what is known of an image',
        params: ImageParams,
        response: { 200: DatasetImage, 304: Type.Null() }
      },
      config: { problems: [...problems, 'image_not_found'] }
    },
    async ({ params: { id, version, index }, principal }) =>
      presentImage(await datasets.getImage(principal.projectId, { datasetId: id, version, index }))
  )
}

export function pictureRoutes(app: App, { datasets, rates }: Pick<Services, 'datasets' | 'rates'>): void {
  app.get(
    `${PATH}/:index/thumbnail`,
    {
      schema: {
        operationId: 'getImageThumbnail',
        tags,
        summary: 'See an image',
        description:
          'Drawn from its pixels, so nothing else that the file holds is in it; 403 `images_hidden` where the installation shows none. Of images with bands the first is shown.',
        params: ImageParams,
        querystring: ThumbnailQuery,
        response: { 200: ThumbnailBytes, 304: NotModified }
      },
      config: { problems: pictureProblems }
    },
    async (request, reply) => {
      const { params, query, principal } = request
      const { id: datasetId, version, index } = params
      const at = { datasetId, version, index }
      const thumbnail = await datasets.getThumbnail(principal.projectId, at, query.size ?? DEFAULT_THUMBNAIL)
      if (isKept(request, thumbnail.etag)) return mayBeKept(reply, thumbnail.etag).code(304).send()
      const bytes = await thumbnail.draw(callerOf(rates, request, reply))
      mayBeKept(reply, thumbnail.etag).type('image/webp')
      return reply.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    }
  )

  app.get(
    `${PATH}/:index/file`,
    {
      schema: {
        operationId: 'getImageFile',
        tags,
        summary: 'Download an image as it is stored',
        description:
          'The bytes that were uploaded, with whatever they hold besides pixels; of IDX files, which hold pixels alone, a PNG. 403 `images_hidden` where the installation shows none.',
        params: ImageParams,
        response: { 200: FileBytes, 304: NotModified }
      },
      config: { problems: pictureProblems }
    },
    async (request, reply) => {
      const { id: datasetId, version, index } = request.params
      const file = await datasets.getFile(request.principal.projectId, { datasetId, version, index })
      if (isKept(request, file.etag)) return mayBeKept(reply, file.etag).code(304).send()
      const chunks = file.read(callerOf(rates, request, reply))[Symbol.asyncIterator]()
      // The first one before the answer begins: what cannot be read is a failure then, and no broken file.
      const first = await chunks.next()
      // Saved, not opened: nothing that somebody uploaded is shown in our name.
      mayBeKept(reply, file.etag).header('content-disposition', asFilename(file.filename)).type(file.mediaType)
      if (file.bytes !== null) reply.header('content-length', String(file.bytes))
      return reply.send(Readable.from(joined(first, chunks), { objectMode: false }))
    }
  )
}

async function* joined(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let one = first; !one.done; one = await rest.next()) yield one.value
}
