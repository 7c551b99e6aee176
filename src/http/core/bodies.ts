import type { FastifyInstance } from 'fastify'
import { toError } from '../../base/errors.ts'
import { parseJsonBody } from './json-text.ts'

/**
 * JSON only; an empty body is none, since clients send the header with it. `__proto__` is a field like any other, which
 * schemas refuse by name: the scan that Fastify's own parser makes for it costs as much as the parsing.
 */
export function registerJsonParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    try {
      done(null, parseJsonBody(body, request.headers['content-type'] ?? ''))
    } catch (error) {
      done(toError(error))
    }
  })
}
