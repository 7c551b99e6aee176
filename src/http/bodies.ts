import type { FastifyInstance } from 'fastify'

/** JSON only, prototype poisoning refused; an empty body is none, since clients send the header with it. */
export function registerJsonParser(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined)
    parseJson(request, String(body), done)
  })
}
