/** The HTTP API, assembled: who may ask, how failures look, what is counted, and the routes. Knows no SQL and no tensor. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { SignedObjects } from '../domain/ports.ts'
import type { Services } from '../services/services.ts'
import { createAuthHook } from './core/auth.ts'
import { registerJsonParser } from './core/bodies.ts'
import { registerChanges } from './core/changes.ts'
import { registerCursors } from './core/cursors.ts'
import { createDashboard } from './core/dashboard-files.ts'
import { registerErrors } from './core/errors.ts'
import { registerEtags } from './core/etag.ts'
import type { GaugeSource } from './core/gauges.ts'
import { registerIdempotency } from './core/idempotency.ts'
import { createMetrics, registerMetrics } from './core/metrics.ts'
import { registerNoBody } from './core/no-body.ts'
import { collectOperations } from './core/operations.ts'
import { createLimiters } from './core/rate-limit.ts'
import { registerReach } from './core/reach.ts'
import { registerRequestChecks } from './core/request-checks.ts'
import { registerRequestLog } from './core/request-log.ts'
import { collectRoutes } from './core/route-table.ts'
import { registerSecurityHeaders } from './core/security-headers.ts'
import { createStreams, type StreamLimits } from './core/streams.ts'
import { registerTracing } from './core/tracing.ts'
import { registerDocs } from './openapi/docs.ts'
import { auditRoutes } from './routes/audit.ts'
import { batchRoutes } from './routes/batches.ts'
import { checkpointRoutes } from './routes/checkpoints.ts'
import { imageListRoutes, pictureRoutes } from './routes/dataset-images.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { driftRoutes } from './routes/drift.ts'
import { evaluationPrototypeRoutes } from './routes/evaluation-prototypes.ts'
import { evaluationRoutes } from './routes/evaluations.ts'
import { fileRoutes } from './routes/files.ts'
import { keyRoutes } from './routes/keys.ts'
import { modelAliasRoutes } from './routes/model-aliases.ts'
import { modelRoutes } from './routes/models.ts'
import { objectRoutes } from './routes/objects.ts'
import { openInferenceModels, openInferenceProbes } from './routes/open-inference.ts'
import { operationRoutes } from './routes/operations.ts'
import { projectKeyRoutes, projectRemovalRoutes, projectRoutes } from './routes/projects.ts'
import { prototypeRoutes } from './routes/prototypes.ts'
import { runForkRoutes } from './routes/run-forks.ts'
import { runRecordRoutes } from './routes/run-records.ts'
import { runRequestRoutes, runRoutes } from './routes/runs.ts'
import { selectImagesRoutes } from './routes/select-images.ts'
import { servingRoutes } from './routes/serving.ts'
import { sweepRequestRoutes, sweepRoutes } from './routes/sweeps.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { vectorListRoutes } from './routes/vector-lists.ts'
import { vectorSetRoutes } from './routes/vector-sets.ts'
import { rejectedFileRoutes, versionRoutes } from './routes/versions.ts'
import { webhookDeliveryRoutes, webhookRoutes } from './routes/webhooks.ts'
import { weightUploadRoutes } from './routes/weight-uploads.ts'
import { workerRoutes } from './routes/workers.ts'
import { type App, createServer, type TrustedProxies } from './server.ts'

export interface AppOptions {
  readonly services: Services
  readonly clock: Clock
  readonly logger: Logger
  readonly tracing: Tracing
  readonly limits: {
    /** Of a request that carries images; every other one is small. */
    readonly bodyBytes: number
    /** Of all requests together that carry images and are under way. */
    readonly bodiesBytes: number
    readonly imageBytes: number
    readonly imagesPerRequest: number
    /** Of a file of requests, which is streamed. */
    readonly fileBytes: number
  }
  /** Requests of one key, and requests without one of one address; null takes any number. */
  readonly rateLimitPerMinute: number | null
  readonly streamLimits: StreamLimits
  readonly trustedProxies: TrustedProxies
  /** What must answer for `/readyz` to be ready, by name. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>
  /** What `/metrics` has beyond what HTTP knows. */
  readonly gauges?: readonly GaugeSource[]
  /** Where objects lie in a local folder, the API gives them out; null where an object store does. */
  readonly signedObjects: SignedObjects | null
  /** Folder with the dashboard's built files, or null. */
  readonly dashboardFolder: string | null
  /** Where the object store's signed URLs point, for the dashboard's uploads; absent where that is this API. */
  readonly objectOrigin?: string | null
}

export async function createApp(options: AppOptions): Promise<App> {
  const { services, clock, logger } = options
  const app = createServer(clock, options.trustedProxies)
  const streams = createStreams(app, options.streamLimits, clock)
  const metrics = createMetrics(streams, options.gauges)
  const operations = collectOperations(app)
  const routes = collectRoutes(app)
  const dashboard =
    options.dashboardFolder === null ? null : createDashboard(options.dashboardFolder, options.objectOrigin ?? null)

  registerRequestLog(app, logger)
  registerTracing(app, options.tracing)
  registerSecurityHeaders(app)
  registerMetrics(app, metrics)
  registerErrors(app, { routes, dashboard })
  registerRequestChecks(app)
  const limiters = createLimiters(clock, options.rateLimitPerMinute)
  const { authenticate, rates } = services
  app.addHook('onRequest', createAuthHook({ authenticate, rates, limiters, onRefused: metrics.countRefused }))
  registerCursors(app)
  registerReach(app, services)
  registerIdempotency(app, services.idempotency)
  registerChanges(app, services)
  registerEtags(app)
  registerJsonParser(app)
  registerNoBody(app)
  await registerDocs(app, operations)

  keyRoutes(app, services)
  workerRoutes(app, services)
  auditRoutes(app, services)
  projectRoutes(app, services)
  projectRemovalRoutes(app, services)
  projectKeyRoutes(app, services)
  datasetRoutes(app, services)
  uploadRoutes(app, services)
  versionRoutes(app, services)
  selectImagesRoutes(app, services)
  imageListRoutes(app, services)
  pictureRoutes(app, services)
  rejectedFileRoutes(app, services)
  runRequestRoutes(app, services)
  runRoutes(app, services)
  runForkRoutes(app, services)
  runRecordRoutes(app, services, { clock, streams })
  checkpointRoutes(app, services)
  sweepRequestRoutes(app, services)
  sweepRoutes(app, services)
  modelRoutes(app, services)
  modelAliasRoutes(app, services)
  weightUploadRoutes(app, services)
  prototypeRoutes(app, services)
  driftRoutes(app, services)
  evaluationRoutes(app, services)
  evaluationPrototypeRoutes(app, services)
  vectorSetRoutes(app, services)
  vectorListRoutes(app, services)
  await fileRoutes(app, { ...services, limits: options.limits })
  batchRoutes(app, services)
  webhookRoutes(app, services)
  webhookDeliveryRoutes(app, services)
  await servingRoutes(app, { ...services, limits: options.limits, metrics })
  openInferenceProbes(app, { checks: options.checks, logger })
  openInferenceModels(app, services)
  await objectRoutes(app, options.signedObjects)
  await operationRoutes(app, { checks: options.checks, logger, metrics, dashboard })
  await app.ready()
  return app
}
