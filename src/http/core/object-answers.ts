/** An opened object as an answer to GET or HEAD: whole, a range of it, or "you have it already". Closes it in any case. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { OpenedObject } from '../../domain/ports.ts'
import { hasEtag } from './etag.ts'
import { parseRange } from './ranges.ts'

export const asFilename = (name: string): string =>
  `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`

/** Of HEAD there are none; nor when the client has begun with an object that this one has replaced since. */
function rangeOf({ method, headers }: FastifyRequest, { bytes, etag }: OpenedObject) {
  const begunWith = headers['if-range']
  if (method === 'HEAD' || (begunWith !== undefined && begunWith !== etag)) return null
  return parseRange(headers.range, bytes)
}

function answer(request: FastifyRequest, reply: FastifyReply, object: OpenedObject): FastifyReply {
  const { bytes, etag, filename } = object
  // The client may keep it, but asks each time whether it still holds.
  reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' })
  if (hasEtag(request.headers['if-none-match'] ?? '', etag)) return reply.code(304).send()
  const range = rangeOf(request, object)
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${bytes}`)
    throw new AppError('range_not_satisfiable', { bytes })
  }
  const sent = range === null ? bytes : range.end - range.start + 1
  reply.type('application/octet-stream')
  reply.headers({ 'content-length': String(sent), 'content-disposition': asFilename(filename) })
  if (request.method === 'HEAD') return reply.code(200).send()
  if (range === null) return reply.code(200).send(object.read())
  reply.header('content-range', `bytes ${range.start}-${range.end}/${bytes}`)
  return reply.code(206).send(object.read(range))
}

export async function sendObject(
  request: FastifyRequest,
  reply: FastifyReply,
  object: OpenedObject
): Promise<FastifyReply> {
  let isBeingRead = false
  try {
    return answer(request, reply, {
      ...object,
      read: (range) => {
        isBeingRead = true
        return object.read(range)
      }
    })
  } finally {
    if (!isBeingRead) await object.close()
  }
}
