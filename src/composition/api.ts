/** The API: configuration → clients → services → HTTP. What it opens, `close` closes, in reverse. */
import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import { createApp } from '../http/app.ts'
import { createInferencePool } from '../processes/inference-pool.ts'
import { createWebhookPost } from '../services/webhooks/post.ts'
import { createSecretSeal } from '../services/webhooks/seal.ts'
import { createWebhookSender } from '../services/webhooks/sender.ts'
import { PATIENCE_OF_REQUESTS } from '../storage/objects/patience.ts'
import { createEventNotices } from '../storage/postgres/event-notices.ts'
import { createSchemaCheck } from '../storage/postgres/migrate.ts'
import { connect, createCache, createObjects, foldersOf } from './clients.ts'
import type { Config, S3Config } from './config.ts'
import { DASHBOARD_FOLDER } from './dashboard-build.ts'
import { ENTRIES } from './entries.ts'
import { cacheGauge, diskGauge, figureGauges, inferenceGauges, readFigures } from './gauges.ts'
import { composeServices } from './services.ts'

const FETCH_TIMEOUT_MS = 10_000

/** Of the URLs that the S3 store signs. */
function originOf({ bucket, endpoint, region, forcePathStyle }: S3Config): string {
  const { protocol, host } = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  return forcePathStyle ? `${protocol}//${host}` : `${protocol}//${bucket}.${host}`
}

const inferenceSettings = ({ inference, limits }: Config) => ({
  maxBatch: inference.maxBatch,
  maxQueueDelayMs: inference.maxQueueDelayMs,
  maxQueueSize: inference.maxQueueSize,
  maxQueuePixels: inference.maxQueuePixels,
  maxRequestPixels: limits.requestPixels,
  maxDecodingPixels: inference.maxDecodingPixels,
  timeoutMs: inference.requestTimeoutMs,
  maxModelBytes: inference.modelCacheBytes,
  threads: inference.threads,
  maxImageBytes: limits.imageBytes,
  maxImagePixels: limits.imagePixels
})

export async function composeApi(config: Config, logger: Logger, tracing: Tracing) {
  const connected = await connect(config, { name: 'api', supervise: false, logger, tracing })
  const { url, database, boss, stores, unitOfWork, reachOf } = connected
  const { objects, signed } = createObjects(config, { patience: PATIENCE_OF_REQUESTS, tracing })
  const { limits } = config
  const clock = systemClock
  const cache = createCache(config, objects, logger)
  const inference = createInferencePool({
    entry: ENTRIES.inference,
    processes: config.inference.processes,
    settings: inferenceSettings(config),
    cache,
    clock,
    logger
  })
  const notices = createEventNotices({ url, clock, logger })
  const { networks, keptDays } = config.webhooks
  const webhookPost = createWebhookPost({ networks })
  const seal = createSecretSeal(config.secretKey)
  const services = composeServices({
    stores,
    unitOfWork,
    reachOf,
    notices,
    objects,
    inference,
    clock,
    newId,
    logger,
    tracing,
    limits,
    showImages: config.showImages,
    allowedImageHosts: config.allowedImageHosts,
    fetchTimeoutMs: FETCH_TIMEOUT_MS,
    webhookPost,
    webhookSeal: seal,
    oidc: config.oidc
  })
  const app = await createApp({
    services,
    signedObjects: signed,
    checks: {
      database: () => database.check(),
      schema: createSchemaCheck(database.pool),
      objects: () => objects.check()
    },
    clock,
    logger,
    tracing,
    limits,
    rateLimitPerMinute: config.rateLimitPerMinute,
    streamLimits: config.streamLimits,
    trustedProxies: config.trustedProxies,
    gauges: [
      ...figureGauges(() => readFigures(database)),
      ...inferenceGauges(inference.load),
      cacheGauge(cache),
      diskGauge(foldersOf(config))
    ],
    dashboardFolder: DASHBOARD_FOLDER,
    objectOrigin: config.s3 && originOf(config.s3)
  })
  const sender = createWebhookSender({ unitOfWork, stores, post: webhookPost, seal, clock, logger, keptDays })
  sender.start()
  const close = async () => {
    await app.close()
    await sender.stop()
    await notices.close()
    await inference.close()
    await boss.stop({ graceful: false })
    await database.close()
  }
  return { app, services, close }
}
