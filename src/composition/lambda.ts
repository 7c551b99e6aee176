/**
 * The API as a function of AWS Lambda: what a process of its own opens at its start, this one opens when a request needs it, and what works
 * beside requests there does not here, since a process that nobody asks is frozen. Webhooks are sent by an event of a schedule.
 */
import { existsSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { MeasuredCache } from '../cache/local-cache.ts'
import type { Inference } from '../domain/ports.ts'
import { createHttpAnswer, isHttpEvent } from '../lambda/http-events.ts'
import type { Invocation, RuntimeApi } from '../lambda/runtime-api.ts'
import type { InferencePool } from '../processes/inference-pool.ts'
import { createEnqueuer } from '../queue/enqueuer.ts'
import { createJobQueue } from '../queue/job-queue.ts'
import type { WebhookSender } from '../services/webhooks/sender.ts'
import { PATIENCE_OF_REQUESTS } from '../storage/objects/patience.ts'
import { createDatabase, dropIdle } from '../storage/postgres/client.ts'
import { heardDatabaseError } from '../storage/postgres/errors.ts'
import { createReachOf, createStores, createUnitOfWork } from '../storage/postgres/unit-of-work.ts'
import { composeApp, openInference } from './api.ts'
import { createCache, createObjects, STATEMENT_TIMEOUT_MS } from './clients.ts'
import type { Config } from './config.ts'
import { ENTRIES } from './entries.ts'
import type { ProcessTracing } from './tracing.ts'

/** What a schedule sends: a function's URL wraps whatever it is sent in an event of another shape. */
const SEND_WEBHOOKS = 'send-webhooks'
/** Before Lambda ends the process: an event stream ends by itself, and what is under way is written down. */
const MARGIN_MS = 5000
/** Of an event stream whose answer goes in one piece: what is there, and what comes meanwhile. Its client comes back for more. */
const BUFFERED_STREAM_MS = 1000
const LOOK_EVERY_MS = 1000

export async function composeLambda(
  config: Config,
  { api, logger, traced }: { readonly api: RuntimeApi; readonly logger: Logger; readonly traced: ProcessTracing }
) {
  const { tracing } = traced
  if (config.databaseUrl === null) throw new Error('DATABASE_URL is not set')
  const { databaseUrl: url, databasePool: max } = config
  const database = createDatabase({ url, max, statementTimeoutMs: STATEMENT_TIMEOUT_MS, isPooled: true, logger })
  const enqueuer = createEnqueuer({
    executeSql: (text, values = []) =>
      database.pool.query(text, [...values]).catch((error: unknown) => {
        throw heardDatabaseError(error)
      })
  })
  const jobs = createJobQueue(enqueuer, tracing)
  const store = createObjects(config, { patience: PATIENCE_OF_REQUESTS, tracing })
  const cache = createCache(config, store.objects, logger)
  const inference = createLazyInference(config, cache, logger)
  let deadlineMs = 0
  const left = () => Math.max(0, deadlineMs - MARGIN_MS - systemClock.now())
  const isStreamed = config.lambdaResponses === 'streamed'
  const { app, sender, driftRecorder } = await composeApp({
    ...store,
    config,
    logger,
    tracing,
    database,
    stores: createStores(database, jobs),
    unitOfWork: createUnitOfWork(database, jobs),
    reachOf: createReachOf(database, jobs),
    notices: null,
    inference,
    cache,
    lastsMs: () => (isStreamed ? left() : Math.min(left(), BUFFERED_STREAM_MS))
  })
  const answerHttp = createHttpAnswer(app, api, config.lambdaResponses)

  async function answer(invocation: Invocation): Promise<void> {
    deadlineMs = invocation.deadlineMs
    const { id, event } = invocation
    if (isHttpEvent(event)) {
      if (!['GET', 'HEAD', 'OPTIONS'].includes(event.requestContext.http.method)) await enqueuer.ready()
      await answerHttp({ ...invocation, event })
    } else if (isTask(event, SEND_WEBHOOKS)) {
      await api.respond(id, { sent: await sendWebhooks(sender, left) })
    } else throw new Error(`An event that is no HTTP request must be {"kappa": "${SEND_WEBHOOKS}"}.`)
    await flushDrift()
    // Frozen, the process would send them with the next request, or never.
    await traced.flush()
  }

  /** The answer is out: what was counted for it is none of the caller's. */
  const flushDrift = (): Promise<void> =>
    driftRecorder.flush().catch((error: unknown) => logger.warn({ err: error }, 'what was served cannot be counted'))

  async function close(): Promise<void> {
    await app.close()
    await inference.close()
    await database.close()
    await traced.close()
  }
  return { answer, afterPause: () => dropIdle(database.pool), close }
}

const isTask = (event: unknown, task: string): boolean =>
  typeof event === 'object' && event !== null && 'kappa' in event && event.kappa === task

/** What is due, and what becomes due meanwhile, until nothing is or the invocation is about to end. */
async function sendWebhooks(sender: WebhookSender, left: () => number): Promise<number> {
  let sent = 0
  do {
    const begun = await sender.sendDue()
    await sender.settled()
    sent += begun
    if (begun === 0) break
  } while (left() > LOOK_EVERY_MS)
  await sender.tidy()
  return sent
}

/** Begun by the first image: most processes on Lambda never see one, and a child takes half a second of the first answer. */
function createLazyInference(
  config: Config,
  cache: MeasuredCache,
  logger: Logger
): Inference & { close(): Promise<void> } {
  let pool: InferencePool | null = null
  const opened = (): InferencePool => {
    if (!existsSync(ENTRIES.inference)) {
      logger.error({ entry: ENTRIES.inference }, 'this installation has no inference: embeddings are served elsewhere')
      throw new AppError('inference_unavailable')
    }
    pool ??= openInference(config, cache, logger)
    return pool
  }
  return {
    embed: async (...args) => opened().embed(...args),
    assign: async (...args) => opened().assign(...args),
    map: async (...args) => opened().map(...args),
    picture: async (...args) => opened().picture(...args),
    // What no image has begun is not begun for what may never be asked.
    warm: async (model) => pool?.warm(model),
    close: async () => pool?.close()
  }
}
