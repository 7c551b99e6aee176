import type { FastifyInstance } from 'fastify'

/** For answers to programs: a browser may load, run and frame nothing of them. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'"

/** For the dashboard: itself, and uploads to the object store where that has an address of its own. */
export const dashboardPolicy = (objectOrigin: string | null): string =>
  [
    "default-src 'self'",
    `connect-src 'self'${objectOrigin === null ? '' : ` ${objectOrigin}`}`,
    "img-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
  ].join('; ')

/** Of every answer, those included that are written before there is a request. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': API_POLICY
} as const

/** No CORS headers at all: pages of other origins cannot read anything. */
export function registerSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS)
    if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store')
  })
}
