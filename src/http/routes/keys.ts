import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import {
  CreateKey,
  IssuedKey,
  Key,
  KeyList,
  presentKey,
  readKeyRequest,
  UpdateKey,
  withoutSecret
} from '../schemas/key.ts'
import type { App } from '../server.ts'

const tags = ['keys']

export function keyRoutes(app: App, { keys }: Pick<Services, 'keys'>): void {
  app.post(
    '/v1/keys',
    {
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Make an API key',
        description:
          'The key itself is in this answer and nowhere else. It has no scope that the asking key lacks, and does not outlive it (403).',
        body: CreateKey,
        response: { 201: IssuedKey }
      },
      config: { isIdempotent: true, redact: withoutSecret, problems: ['last_admin_key'] }
    },
    async ({ body, principal }, reply) => {
      const issued = await keys.create(principal, readKeyRequest(body))
      return reply.code(201).send({ ...presentKey(issued.key), key: issued.token })
    }
  )

  app.get(
    '/v1/keys',
    {
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'List keys, newest first',
        querystring: PageQuery,
        response: { 200: KeyList }
      }
    },
    async ({ query, principal }) => presentPage(await keys.list(principal.projectId, toPageRequest(query)), presentKey)
  )

  app.get(
    '/v1/keys/:id',
    {
      schema: {
        operationId: 'getKey',
        tags,
        summary: 'Get a key, without its secret',
        params: IdParams,
        response: { 200: Key, 304: Type.Null() }
      },
      config: { problems: ['key_not_found'] }
    },
    async ({ params, principal }) => presentKey(await keys.get(principal.projectId, params.id))
  )

  app.patch(
    '/v1/keys/:id',
    {
      schema: {
        operationId: 'updateKey',
        tags,
        summary: 'Rename a key',
        description:
          'Also one that was revoked or has run out. What it may, and until when, never changes: make another key.',
        params: IdParams,
        body: UpdateKey,
        response: { 200: Key }
      },
      config: { problems: ['key_not_found'] }
    },
    async (request) => {
      const { params, body, principal } = request
      const asked = { ...body, isExpected: expectedBy(request, presentKey) }
      return presentKey(await keys.rename(principal.projectId, params.id, asked))
    }
  )

  app.delete(
    '/v1/keys/:id',
    {
      schema: {
        operationId: 'revokeKey',
        tags,
        summary: 'Revoke a key',
        description:
          'At once in the process that answers, within 5 seconds in others; event streams of the key end. The key stays in the list. The last admin key that does not run out is not revoked (409).',
        params: IdParams,
        response: { 204: Type.Null() }
      },
      config: { problems: ['key_not_found', 'last_admin_key'] }
    },
    async ({ params, principal }, reply) => {
      await keys.revoke(principal.projectId, params.id)
      return reply.code(204).send(null)
    }
  )
}
