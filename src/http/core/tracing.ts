/**
 * A span for each request to the API, in the trace that its caller named by `traceparent`. It has the route's template and never the
 * address: signed URLs are credentials. No header and no body is in it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readTraceparent, type Span, type Tracing, writeTraceparent } from '../../base/tracing.ts'
import { toPath } from './operations.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for what is no part of a trace. */
    span: Span | null
  }
}

/** Probes, scrapes, pages and files would be most of what is recorded. */
const TRACED = '/v1/'

export function registerTracing(app: FastifyInstance, tracing: Tracing): void {
  app.decorateRequest('span', null)

  app.addHook('onRequest', (request, reply, done) => {
    const { url } = request.routeOptions
    if (!url?.startsWith(TRACED)) return done()
    const told = readTraceparent(request.headers['traceparent'])
    if (!tracing.isOn && told === null) return done()
    const span = openSpan(tracing, request, { url, parent: told && writeTraceparent(told) })
    request.span = span
    // A client that leaves is answered by nobody.
    reply.raw.once('close', () => end(request, reply))
    tracing.within(span, done)
  })

  // What has read a body goes on where its connection began, which is in no trace.
  app.addHook('preValidation', (request, _, done) => {
    if (request.span === null) return done()
    tracing.within(request.span, done)
  })

  app.addHook('onResponse', async (request, reply) => end(request, reply))
}

function openSpan(
  tracing: Tracing,
  { method, id }: FastifyRequest,
  { url, parent }: { readonly url: string; readonly parent: string | null }
): Span {
  const route = toPath(url)
  const attributes = { 'http.request.method': method, 'http.route': route, 'kappa.request_id': id }
  return tracing.open(`${method} ${route}`, { kind: 'server', parent, attributes })
}

function end({ span, principal, failure }: FastifyRequest, reply: FastifyReply): void {
  if (!span?.isRecorded) return
  if (principal) span.set({ 'kappa.project_id': principal.projectId })
  if (!reply.raw.headersSent) {
    span.set({ 'error.type': 'client_gone' })
    span.end()
    return
  }
  const { statusCode } = reply
  span.set({ 'http.response.status_code': statusCode })
  // By the conventions a refusal is a failure of the client's span and not of the server's.
  const code = failure?.code ?? String(statusCode)
  if (statusCode >= 500) span.fail(code)
  else if (statusCode >= 400) span.set({ 'error.type': code })
  span.end()
}
