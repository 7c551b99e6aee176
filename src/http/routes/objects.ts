/** Where objects lie in a local folder the API gives and takes their bytes, for whoever holds a URL that was signed. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { SignedObjects } from '../../domain/ports.ts'
import { sendObject } from '../core/object-answers.ts'
import { discardBody } from '../core/refused-bodies.ts'
import { closed } from '../schemas/common.ts'
import {
  NotModified,
  ObjectHead,
  ObjectPart,
  RangeHeaders,
  RangeOfObject,
  StoredPart,
  WholeObject
} from '../schemas/object.ts'
import type { App } from '../server.ts'

const tags = ['objects']
const TokenParams = Type.Object({ token: Type.String() }, closed)
const problems = ['forbidden', 'object_not_found', 'storage_unavailable'] as const
/** Whether it was deleted, the database knows. */
const ofReading = [...problems, 'database_unavailable'] as const

export async function objectRoutes(app: App, objects: SignedObjects | null): Promise<void> {
  function required(): SignedObjects {
    if (objects === null) throw new AppError('object_not_found')
    return objects
  }
  const send = async (request: FastifyRequest<{ Params: { token: string } }>, reply: FastifyReply) =>
    sendObject(request, reply, await required().openObject(request.params.token))

  await app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers()
    // Streamed: a part may be larger than memory should be.
    scope.addContentTypeParser('*', (_, payload, done) => done(null, payload))

    scope.put(
      '/v1/objects/:token',
      {
        schema: {
          operationId: 'putObjectPart',
          tags,
          summary: 'Send a part of an upload to its URL',
          description:
            'Just the bytes that were announced for this part, neither more nor fewer. It may be sent again; the last one counts.',
          params: TokenParams,
          body: ObjectPart,
          response: { 200: StoredPart }
        },
        config: { problems: [...problems, 'storage_full', 'upload_not_found', 'upload_incomplete', 'body_too_large'] }
      },
      async (request, reply) => {
        try {
          const length = request.headers['content-length']
          const declaredBytes = length === undefined ? null : Number(length)
          const { etag } = await required().writePart(request.params.token, request.raw, declaredBytes)
          return reply.code(200).header('etag', etag).send()
        } catch (error) {
          await discardBody(request, reply)
          throw error
        }
      }
    )

    scope.get(
      '/v1/objects/:token',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'getObject',
          tags,
          summary: 'Download an object from its URL, or a range of it',
          description: 'One range of bytes is served; to several the answer is the whole object.',
          params: TokenParams,
          headers: RangeHeaders,
          response: { 200: WholeObject, 206: RangeOfObject, 304: NotModified }
        },
        config: { problems: [...ofReading, 'range_not_satisfiable'] }
      },
      send
    )

    scope.head(
      '/v1/objects/:token',
      {
        schema: {
          operationId: 'headObject',
          tags,
          summary: 'Ask for the size and the ETag of an object',
          params: TokenParams,
          response: { 200: ObjectHead, 304: NotModified }
        },
        config: { problems: ofReading }
      },
      send
    )
  })
}
