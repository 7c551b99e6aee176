import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const listed = (header: string): string[] => header.split(',').map((one) => one.trim())

/** If-None-Match, which compares weakly (RFC 9110, 13.1.2). @param header its value, or nothing */
export const hasEtag = (header: string, etag: string): boolean =>
  listed(header).some((one) => one === '*' || one.replace(/^W\//, '') === etag)

/** If-Match, which compares strongly (13.1.1): a weak tag, such as a proxy makes that compresses, says of no bytes which they are. */
export const hasStrongEtag = (header: string, etag: string): boolean =>
  listed(header).some((one) => one === '*' || one === etag)

const etagOf = (body: string): string => `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`

/**
 * Every operation that may answer 304 has a strong ETag of its body, and answers so when the client has it already; one that has set
 * its own keeps that.
 */
export function registerEtags(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { response } = (route.schema ?? {}) as { readonly response?: object }
    if (response === undefined || !('304' in response)) return
    const send = async (request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<unknown> => {
      if (reply.statusCode !== 200 || typeof body !== 'string' || reply.hasHeader('etag')) return body
      const etag = etagOf(body)
      // The client may keep it, but asks each time whether it still holds.
      reply.headers({ etag, 'cache-control': 'private, no-cache' })
      if (!hasEtag(request.headers['if-none-match'] ?? '', etag)) return body
      reply.code(304).removeHeader('content-type').removeHeader('content-length')
      return null
    }
    route.onSend = [...[route.onSend ?? []].flat(), send]
  })
}
