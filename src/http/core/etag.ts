import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** @param header If-None-Match, or nothing */
export const hasEtag = (header: string, etag: string): boolean =>
  header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)

/** A strong ETag of the body; 304 without a body when the client has it already. */
export function sendWithEtag<T extends object>(request: FastifyRequest, reply: FastifyReply, body: T): FastifyReply {
  const text = JSON.stringify(body)
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
  // The client may keep it, but asks each time whether it still holds.
  reply.headers({ etag, 'cache-control': 'private, no-cache' })
  if (hasEtag(request.headers['if-none-match'] ?? '', etag)) return reply.code(304).send()
  return reply.code(200).type('application/json; charset=utf-8').send(text)
}
