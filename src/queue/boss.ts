import { type AttachableClock, PgBoss, type Queue } from 'pg-boss'
import { createBoundedMap } from '../base/bounded-map.ts'
import { happened } from '../base/happenings.ts'
import type { Logger } from '../base/log.ts'
import { JOB_KINDS, type JobKind } from '../domain/job.ts'

export interface BossOptions {
  readonly url: string
  /** Connections of the queue's own pool, so that a busy API cannot keep a worker from its heartbeat. */
  readonly max: number
  /** Shown in the registry of instances: api, worker. */
  readonly name: string
  /** Looks for dead workers and old jobs; one process of an installation is enough, several do no harm. */
  readonly supervise: boolean
  readonly logger: Pick<Logger, 'warn' | 'error'>
  /** pg's, or one that is made of it; pg-boss hands it on to its pool. */
  readonly Client?: unknown
  /** pg-boss's TestClock, in tests. */
  readonly clock?: AttachableClock
}

const MOST_REMEMBERED = 100

/** A worker that is silent for this long has lost its job. pg-boss allows no less than 10. */
const HEARTBEAT_S = 30
export const HEARTBEAT_REFRESH_S = 10

/** Between two looks for dead workers: with HEARTBEAT_S, a killed worker's job is back within 40 s and the backoff. */
const SUPERVISE_EVERY_S = 10

/**
 * The most that pg-boss allows, and heartbeats do not extend it. A leg ends within KAPPA_LEG_MAX_S, at most 23 h, and an ingest goes on
 * in its next job behind the shards that are kept. An export or import that takes longer starts over, as if its worker were lost.
 */
const EXPIRES_S = 24 * 3600

/** pg-boss deletes waiting jobs after 14 days unless told otherwise; a run may wait longer for a machine. */
const RETENTION_S = 365 * 86_400

/**
 * Practically without limit (the column is an int4 and the delay is capped): whether work goes on is on its row. A job that
 * was given up would leave a row for ever in the making, and every restart of a worker is an attempt.
 */
const ENDLESS = 1_000_000_000

/** The queue's memory of whose turn it was: turns.ts reads all of it whenever a job comes or begins. */
const REMEMBERED_S = 3600

const RETRY = { retryDelay: 2, retryBackoff: true, retryDelayMax: 300 } as const

const COMMON = {
  heartbeatSeconds: HEARTBEAT_S,
  retentionSeconds: RETENTION_S,
  deleteAfterSeconds: REMEMBERED_S,
  retryLimit: ENDLESS,
  ...RETRY
} as const

const TASK = { ...COMMON, policy: 'exclusive', expireInSeconds: EXPIRES_S } as const

/**
 * `short` allows one waiting job per key and any number of running ones: a leg that ends enqueues the next while it still
 * runs, and a run resumed in that moment must not lose its wake-up. Two legs at once are kept apart by the run's lease.
 * The other kinds have no lease, so `exclusive` allows one job per key, waiting or running.
 */
const QUEUES: Readonly<Record<JobKind, Omit<Queue, 'name'>>> = {
  'run-leg': { ...COMMON, policy: 'short', expireInSeconds: EXPIRES_S },
  'ingest-dataset': TASK,
  'ingest-small-dataset': TASK,
  'export-model': TASK,
  'import-model': TASK,
  'evaluate-model': TASK,
  'embed-dataset': TASK,
  'run-batch': TASK
}

const SAME_AGAIN_MS = 60_000

/** A worker asks twice a second, and while the database is away it says so each time. */
export function sayOnceAMinute(logger: Pick<Logger, 'error'>, now = Date.now): (error: Error) => void {
  const said = createBoundedMap<string, { at: number; more: number }>(MOST_REMEMBERED)
  return (error) => {
    const last = said.get(error.message)
    if (last !== undefined && now() - last.at < SAME_AGAIN_MS) {
      last.more++
      return
    }
    said.set(error.message, { at: now(), more: 0 })
    logger.error({ err: error, ...(last && last.more > 0 && { timesMore: last.more }) }, 'the queue had an error')
  }
}

/**
 * Installs or migrates pg-boss's schema, creates the queues and brings their settings up to date.
 * Afterwards the queues' settings are cached, so that enqueueing inside a transaction asks no second connection: on the
 * one-session embedded database that would wait for itself.
 */
export async function startBoss({ url, name, logger, clock, Client, ...options }: BossOptions): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    max: options.max,
    application_name: `kappa-queue-${name}`,
    instanceName: name,
    supervise: options.supervise,
    superviseIntervalSeconds: SUPERVISE_EVERY_S,
    monitorIntervalSeconds: SUPERVISE_EVERY_S,
    schedule: false,
    // Both look after millions of jobs; we have thousands.
    reindex: false,
    monitorVacuum: false,
    ...(Client === undefined ? {} : { Client }),
    ...(clock === undefined ? {} : { clock })
  })
  boss.on('error', () => happened('outage', { dependency: 'queue', code: 'queue_error' }))
  boss.on('error', sayOnceAMinute(logger))
  boss.on('warning', (warning) => logger.warn({ warning }, 'the queue warns'))
  await boss.start()
  for (const kind of JOB_KINDS) {
    const { policy, ...settings } = QUEUES[kind]
    await boss.createQueue(kind, QUEUES[kind])
    await boss.updateQueue(kind, settings)
  }
  return boss
}
