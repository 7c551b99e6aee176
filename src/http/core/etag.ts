import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

const listed = (header: string): string[] => header.split(',').map((one) => one.trim())

/** If-None-Match, which compares weakly (RFC 9110, 13.1.2). @param header its value, or nothing */
export const hasEtag = (header: string, etag: string): boolean =>
  listed(header).some((one) => one === '*' || one.replace(/^W\//, '') === etag)

/** If-Match, which compares strongly (13.1.1): a weak tag, such as a proxy makes that compresses, says of no bytes which they are. */
export const hasStrongEtag = (header: string, etag: string): boolean =>
  listed(header).some((one) => one === '*' || one === etag)

/** A strong ETag of the body; 304 without a body when the client has it already. */
export function sendWithEtag<T extends object>(request: FastifyRequest, reply: FastifyReply, body: T): FastifyReply {
  const text = JSON.stringify(body)
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
  // The client may keep it, but asks each time whether it still holds.
  reply.headers({ etag, 'cache-control': 'private, no-cache' })
  if (hasEtag(request.headers['if-none-match'] ?? '', etag)) return reply.code(304).send()
  return reply.code(200).type('application/json; charset=utf-8').send(text)
}
