/** The API: configuration → clients → services → HTTP. What it opens, `close` closes, in reverse. */
import { systemClock } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import type { LocalCache, MeasuredCache } from '../cache/local-cache.ts'
import type { Inference, ObjectStore, SignedObjects } from '../domain/ports.ts'
import type { EventNotices } from '../domain/stores.ts'
import { foreseeServing } from '../engine/serving-choice.ts'
import { createApp } from '../http/app.ts'
import type { GaugeSource } from '../http/core/gauges.ts'
import type { StreamLimits } from '../http/core/streams.ts'
import { createInferencePool, type InferencePool } from '../processes/inference-pool.ts'
import { createDriftRecorder } from '../services/drift/recorder.ts'
import { withoutRemoved } from '../services/removals/signed-objects.ts'
import { createWebhookPost } from '../services/webhooks/post.ts'
import { createSecretSeal, plainSecretsNotice } from '../services/webhooks/seal.ts'
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
  sessions: inference.sessions,
  maxImageBytes: limits.imageBytes,
  maxImagePixels: limits.imagePixels
})

export const openInference = (config: Config, cache: LocalCache, logger: Logger): InferencePool =>
  createInferencePool({
    entry: ENTRIES.inference,
    processes: config.inference.processes,
    settings: inferenceSettings(config),
    wantsWeights: config.serving.name !== 'onnx',
    cache,
    clock: systemClock,
    logger
  })

/** What serves requests, from what they need: a process of its own gives it all, one on Lambda less. */
export interface AppParts
  extends Pick<Awaited<ReturnType<typeof connect>>, 'database' | 'stores' | 'unitOfWork' | 'reachOf'> {
  readonly config: Config
  readonly logger: Logger
  readonly tracing: Tracing
  /** Null where nothing tells of new events. */
  readonly notices: EventNotices | null
  readonly inference: Inference
  readonly objects: ObjectStore
  readonly signed: SignedObjects | null
  readonly cache: MeasuredCache
  readonly gauges?: readonly GaugeSource[]
  readonly lastsMs?: StreamLimits['lastsMs']
}

export async function composeApp(parts: AppParts) {
  const { config, logger, tracing, database, objects, stores, unitOfWork } = parts
  const { limits } = config
  const clock = systemClock
  const { networks, keptDays } = config.webhooks
  const post = createWebhookPost({ networks })
  const seal = createSecretSeal(config.secretKey)
  const driftRecorder = createDriftRecorder({ stores, unitOfWork, clock, logger })
  const services = composeServices({
    ...parts,
    driftRecorder,
    clock,
    newId,
    limits,
    showImages: config.showImages,
    allowedImageHosts: config.allowedImageHosts,
    fetchTimeoutMs: FETCH_TIMEOUT_MS,
    webhookPost: post,
    webhookSeal: seal,
    oidc: config.oidc
  })
  const app = await createApp({
    services,
    signedObjects: parts.signed && withoutRemoved(parts.signed, stores.removals),
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
    streamLimits: { ...config.streamLimits, ...(parts.lastsMs && { lastsMs: parts.lastsMs }) },
    trustedProxies: config.trustedProxies,
    gauges: [
      ...figureGauges(() => readFigures(database)),
      ...(parts.gauges ?? []),
      cacheGauge(parts.cache),
      diskGauge(foldersOf(config))
    ],
    dashboardFolder: DASHBOARD_FOLDER,
    objectOrigin: config.s3 && originOf(config.s3)
  })
  const sender = createWebhookSender({ unitOfWork, stores, post, seal, clock, logger, keptDays })
  return { app, services, sender, driftRecorder }
}

export async function composeApi(config: Config, logger: Logger, tracing: Tracing) {
  await foreseeServing(config.serving)
  const connected = await connect(config, { name: 'api', supervise: false, logger, tracing })
  const { url, database, boss } = connected
  const store = createObjects(config, { patience: PATIENCE_OF_REQUESTS, tracing })
  const cache = createCache(config, store.objects, logger)
  const inference = openInference(config, cache, logger)
  // An engine that was named and cannot be had is no platform that answers 503 for ever.
  if (config.serving.name === 'xla') await inference.ready()
  const notices = createEventNotices({ url, clock: systemClock, logger })
  const gauges = inferenceGauges(inference.load)
  const parts = { ...connected, ...store, config, logger, tracing, notices, inference, cache, gauges }
  const { app, services, sender, driftRecorder } = await composeApp(parts)
  const plainSecrets = await plainSecretsNotice(connected.stores.webhooks, config.secretKey)
  if (plainSecrets !== null) logger.warn(plainSecrets)
  sender.start()
  driftRecorder.start()
  const close = async () => {
    await app.close()
    await sender.stop()
    await driftRecorder.stop()
    await notices.close()
    await inference.close()
    await boss.stop({ graceful: false })
    await database.close()
  }
  return { app, services, close }
}
