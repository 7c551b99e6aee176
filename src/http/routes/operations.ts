import { type Static, Type } from 'typebox'
import type { Logger } from '../../base/log.ts'
import { VERSION } from '../../base/version.ts'
import type { Dashboard } from '../core/dashboard-files.ts'
import { type HttpMetrics, METRICS_TYPE } from '../core/metrics.ts'
import { type Checks, checkReadiness, READINESS_PROBLEMS } from '../core/readiness.ts'
import type { App } from '../server.ts'

const tags = ['operations']

export interface OperationDeps {
  readonly checks: Checks
  readonly metrics: HttpMetrics
  readonly dashboard: Dashboard | null
  readonly logger: Logger
}

const Status = Type.Object({ status: Type.Literal('ok') }, { $id: 'Status' })

const Root = Type.Object(
  { name: Type.Literal('kappa'), version: Type.String(), docs: Type.String(), openapi: Type.String() },
  { $id: 'Root' }
)

export async function operationRoutes(app: App, deps: OperationDeps): Promise<void> {
  const { metrics, dashboard } = deps
  const ok: Static<typeof Status> = { status: 'ok' }
  let openApi: Buffer | undefined

  app.get(
    '/livez',
    { schema: { operationId: 'getLiveness', tags, summary: 'The process answers', response: { 200: Status } } },
    async () => ok
  )

  app.get(
    '/readyz',
    {
      schema: { operationId: 'getReadiness', tags, summary: 'Everything it needs answers', response: { 200: Status } },
      config: { problems: READINESS_PROBLEMS }
    },
    async () => {
      await checkReadiness(deps.checks, deps.logger)
      return ok
    }
  )

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags,
        summary: 'Metrics for Prometheus',
        response: { 200: { description: 'Text format.', content: { 'text/plain': { schema: Type.String() } } } }
      }
    },
    async ({ raw: { url = '' } }, reply) => {
      // Proxies keep the path inside by its letters: `/%6detrics` passes those of them that do not decode, and would be found here.
      if (!/^\/metrics(\?|$)/.test(url)) return reply.callNotFound()
      return reply.type(METRICS_TYPE).send(await metrics.render())
    }
  )

  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        tags,
        summary: 'This document',
        response: { 200: Type.Unsafe<object>({ type: 'object' }) }
      }
    },
    async (_, reply) => {
      // One buffer for everybody: as text, each answer that nobody reads would hold a copy.
      openApi ??= Buffer.from(JSON.stringify(app.openApi))
      return reply.type('application/json; charset=utf-8').send(openApi)
    }
  )

  app.get(
    '/',
    {
      schema: {
        operationId: 'getRoot',
        tags,
        summary: 'The dashboard, or where to look',
        response: {
          200: {
            description: 'A page where the dashboard is installed.',
            content: { 'application/json': { schema: Root }, 'text/html': { schema: Type.String() } }
          }
        }
      }
    },
    async (_, reply) => {
      if (dashboard) return dashboard.send(reply, '/')
      return reply.send({ name: 'kappa', version: VERSION, docs: '/docs', openapi: '/openapi.json' })
    }
  )
}
