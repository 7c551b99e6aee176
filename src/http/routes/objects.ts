/** Where objects lie in a local folder the API gives and takes their bytes, for whoever holds a URL that was signed. */
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { SignedObjects } from '../../domain/ports.ts'
import { closed } from '../schemas/common.ts'
import { Binary } from '../schemas/serving.ts'
import type { App } from '../server.ts'

const tags = ['objects']
const RAW = 'application/octet-stream'
const TokenParams = Type.Object({ token: Type.String() }, closed)
const NoBody = Type.Unsafe<undefined>({ type: 'null' })
const problems = ['forbidden', 'object_not_found', 'storage_unavailable', 'storage_full'] as const

const asFilename = (name: string): string =>
  `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`

export async function objectRoutes(app: App, objects: SignedObjects | null): Promise<void> {
  function required(): SignedObjects {
    if (objects === null) throw new AppError('object_not_found')
    return objects
  }

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
          params: TokenParams,
          response: { 200: NoBody }
        },
        config: { problems }
      },
      async ({ params, raw }, reply) => {
        const { etag } = await required().writePart(params.token, raw)
        return reply.code(200).header('etag', etag).send(undefined)
      }
    )

    scope.get(
      '/v1/objects/:token',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'getObject',
          tags,
          summary: 'Download an object from its URL',
          params: TokenParams,
          response: { 200: { description: 'The bytes.', content: { [RAW]: { schema: Binary } } } }
        },
        config: { problems }
      },
      async ({ params }, reply) => {
        const { stream, bytes, filename } = await required().openObject(params.token)
        reply.headers({ 'content-length': String(bytes), 'content-disposition': asFilename(filename) })
        return reply.type(RAW).send(stream)
      }
    )
  })
}
