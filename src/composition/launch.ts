/** The dispatcher: configuration → clients → a launcher and whoever starts legs by it. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { toError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Tracing } from '../base/tracing.ts'
import { createDispatcher } from '../launching/dispatcher.ts'
import type { Launcher } from '../launching/launcher.ts'
import { createLocalLauncher } from '../launching/local-launcher.ts'
import { JOB_CHANNEL } from '../queue/job-queue.ts'
import { readLegsDue } from '../queue/legs-due.ts'
import { createLegOrders } from '../services/runs/leg-orders.ts'
import { createLegService } from '../services/runs/legs.ts'
import { createEventNotices } from '../storage/postgres/event-notices.ts'
import { createSchemaCheck } from '../storage/postgres/migrate.ts'
import { waitForSchema } from '../storage/postgres/wait.ts'
import { isReference, isSecret } from '../storage/secrets/references.ts'
import { connect } from './clients.ts'
import type { Config } from './config.ts'

const WORKER = resolve(import.meta.dirname, '../bin/worker.ts')
/** Several on one machine cannot have the same. */
const ITS_OWN = { KAPPA_WORKER_PORT: undefined }
/** Legs that are looked at in a round; those behind them have their turn when these have had theirs. */
const LOOKED_AT = 500

export interface LaunchParts {
  readonly tracing: Tracing
  /** What local workers are started with. */
  readonly workerEntry?: string
  readonly env: NodeJS.ProcessEnv
  /** For what they print: lines of a log of their own. */
  readonly output: (line: string) => void
}

async function createLauncher(
  { launching }: Config,
  { workerEntry = WORKER, env, output }: LaunchParts
): Promise<Launcher> {
  const { installation, kubernetes } = launching
  if (launching.launcher === 'local')
    return createLocalLauncher({ installation, entry: workerEntry, env: { ...env, ...ITS_OWN }, output })
  // The rest is loaded for those alone who use it: the client of Kubernetes takes a second.
  if (launching.launcher === 'ray') {
    const { createRayLauncher } = await import('../launching/ray-launcher.ts')
    return createRayLauncher({ installation, ...launching.ray, environment: passedOn(launching.ray.passed, env) })
  }
  if (launching.launcher === 'aws-batch') {
    const { createAwsBatchLauncher } = await import('../launching/aws-batch-launcher.ts')
    return createAwsBatchLauncher({ installation, ...launching.batch })
  }
  const { createKubernetesLauncher } = await import('../launching/kubernetes-launcher.ts')
  const { readTemplates, unusable } = await import('../launching/kubernetes-template.ts')
  const text = await readFile(kubernetes.template ?? '', 'utf8').catch((error: unknown) => {
    throw unusable(`cannot be read: ${toError(error).message}`, error)
  })
  const templates = readTemplates(text)
  return createKubernetesLauncher({ installation, templates, ...kubernetes })
}

/** Such as `S3_ENDPOINT=http://user:word@store`, whatever the variable is called. */
const WITH_LOGIN = /:\/\/[^/@\s]+@/

/** What Ray's jobs are started with is shown to whoever may ask Ray for them. */
export function passedOn(names: readonly string[], env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      const value = env[name]
      if (value === undefined) throw new Error(`KAPPA_RAY_PASS names ${name}, which is not set`)
      if ((isSecret(name) || WITH_LOGIN.test(value)) && !isReference(value))
        throw new Error(
          `KAPPA_RAY_PASS names ${name}, which Ray would show: make it a reference (ssm:…, secretsmanager:…), or set it on Ray's nodes`
        )
      return [name, value]
    })
  )
}

export async function composeDispatcher(config: Config, logger: Logger, parts: LaunchParts) {
  const clock = systemClock
  const launcher = await createLauncher(config, parts)
  const { url, database, boss, stores, unitOfWork } = await connect(config, {
    name: 'launch',
    supervise: true,
    logger,
    tracing: parts.tracing
  })
  const { max, anyDevice, devices, installation } = config.launching
  const dispatcher = createDispatcher({
    ...{ launcher, installation, max, anyDevice, devices, clock, logger },
    orders: createLegOrders({ unitOfWork, stores, dueKeys: () => readLegsDue(boss.getDb(), LOOKED_AT) }),
    legs: createLegService({ unitOfWork, stores, clock, newId, leaseMs: config.worker.leaseS * 1000 }),
    name: `launcher/${process.pid}/${randomBytes(4).toString('hex')}`
  })
  const notices = createEventNotices({ url, clock, logger, channel: JOB_CHANNEL, readers: 'legs that wait' })
  notices.onNotice((kind) => {
    if (kind === null || kind === 'run-leg') dispatcher.wake()
  })
  const schema = createSchemaCheck(database.pool)
  return {
    async run(signal: AbortSignal) {
      await waitForSchema(schema, { tell: (line) => logger.warn(line), signal })
      await dispatcher.run(signal)
    },
    async close() {
      await launcher.close()
      await notices.close()
      await boss.stop({ graceful: true, timeout: 1000 })
      await database.close()
    }
  }
}
