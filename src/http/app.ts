/** The HTTP API, assembled: who may ask, how failures look, what is counted, and the routes. Knows no SQL and no tensor. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { SignedObjects } from '../domain/ports.ts'
import type { Services } from '../services/services.ts'
import { createAuthHook } from './core/auth.ts'
import { registerJsonParser } from './core/bodies.ts'
import { createDashboard } from './core/dashboard-files.ts'
import { registerErrors } from './core/errors.ts'
import { registerIdempotency } from './core/idempotency.ts'
import { createMetrics, registerMetrics } from './core/metrics.ts'
import { collectOperations } from './core/operations.ts'
import { createRateLimiter } from './core/rate-limit.ts'
import { registerRequestLog } from './core/request-log.ts'
import { registerSecurityHeaders } from './core/security-headers.ts'
import { createStreams } from './core/streams.ts'
import { registerDocs } from './openapi/docs.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { keyRoutes } from './routes/keys.ts'
import { modelRoutes } from './routes/models.ts'
import { objectRoutes } from './routes/objects.ts'
import { operationRoutes } from './routes/operations.ts'
import { prototypeRoutes } from './routes/prototypes.ts'
import { runRecordRoutes } from './routes/run-records.ts'
import { runRequestRoutes, runRoutes } from './routes/runs.ts'
import { servingRoutes } from './routes/serving.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { versionContentRoutes, versionRoutes } from './routes/versions.ts'
import { weightUploadRoutes } from './routes/weight-uploads.ts'
import { type App, createServer } from './server.ts'

export interface AppOptions {
  readonly services: Services
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: {
    /** Of a request that carries images; every other one is small. */
    readonly bodyBytes: number
    /** Of all requests together that carry images and are under way. */
    readonly bodiesBytes: number
    readonly imageBytes: number
    readonly imagesPerRequest: number
  }
  /** Requests of one key; null takes any number. */
  readonly rateLimitPerMinute: number | null
  /** What must answer for `/readyz` to be ready, by name. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>
  /** Where objects lie in a local folder, the API gives them out; null where an object store does. */
  readonly signedObjects: SignedObjects | null
  /** Folder with the dashboard's built files, or null. */
  readonly dashboardFolder: string | null
  /** Where the object store's signed URLs point, for the dashboard's uploads; absent where that is this API. */
  readonly objectOrigin?: string | null
}

export async function createApp(options: AppOptions): Promise<App> {
  const { services, clock, logger } = options
  const app = createServer(clock)
  const metrics = createMetrics()
  const streams = createStreams(app)
  const limiter = options.rateLimitPerMinute === null ? null : createRateLimiter(clock, options.rateLimitPerMinute)
  const operations = collectOperations(app)
  const dashboard =
    options.dashboardFolder === null ? null : createDashboard(options.dashboardFolder, options.objectOrigin ?? null)

  registerRequestLog(app, logger)
  registerSecurityHeaders(app)
  registerMetrics(app, metrics)
  registerErrors(app, { logger, operations, dashboard })
  app.addHook('onRequest', createAuthHook({ keys: services.keys, limiter }))
  registerIdempotency(app, services.idempotency)
  registerJsonParser(app)
  await registerDocs(app, operations)

  keyRoutes(app, services)
  datasetRoutes(app, services)
  uploadRoutes(app, services)
  versionRoutes(app, services)
  versionContentRoutes(app, services)
  runRequestRoutes(app, services)
  runRoutes(app, services)
  runRecordRoutes(app, services, { clock, streams })
  modelRoutes(app, services)
  weightUploadRoutes(app, services)
  prototypeRoutes(app, services)
  await servingRoutes(app, { serving: services.serving, limits: options.limits, metrics })
  await objectRoutes(app, options.signedObjects)
  await operationRoutes(app, { checks: options.checks, logger, metrics, dashboard })
  await app.ready()
  return app
}
