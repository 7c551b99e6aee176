import type { PgBoss } from 'pg-boss'
import { type Clock, systemClock } from '../base/clock.ts'
import { toError } from '../base/errors.ts'
import type { Tracing } from '../base/tracing.ts'
import type { JobKind, JobPayloads } from '../domain/job.ts'
import type { JobSource } from '../domain/ports.ts'
import { HEARTBEAT_REFRESH_S } from './boss.ts'
import { readDueKinds } from './due-kinds.ts'
import { keepTurns } from './turns.ts'

/**
 * Between two looks at all queues in one statement, which wakes the places of those with something due. Each place's own poll is a statement
 * of a millisecond, and a worker has 15 places: polling twice a second they took a twentieth of a processor, together with the embedded database.
 */
const LOOK_EVERY_MS = 500
/** Of each place, should the looks fail. */
const POLL_EVERY_S = 10

/** How long handlers have to return once their signals are aborted. */
const ABORTED_GRACE_MS = 10_000

/** pg-boss needs a moment to settle the jobs of handlers that have returned. */
const SETTLE_MS = 5_000

type Handler<P> = (payload: P, signal: AbortSignal) => Promise<void>

/**
 * The side of the queue that works. A handler's signal is aborted when the job is no longer ours (its heartbeat was missed
 * and another attempt began, or it ran past its time) or when the process stops. Owns `boss` from here on: stop() ends it.
 */
export interface JobSourceOptions {
  readonly clock?: Clock
  readonly tracing?: Pick<Tracing, 'within'>
}

/** Besides its payload: the trace in which the job was queued. */
interface Carried {
  readonly traceparent?: string
}

export function createJobSource(boss: PgBoss, options: JobSourceOptions = {}): JobSource {
  const { clock = systemClock, tracing } = options
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  let isStopped = false
  const starts = new Map<JobKind, () => Promise<void>>()
  let looking: AbortController | null = null
  boss.once('stopped', () => looking?.abort())

  /** All places of a kind: `work` of pg-boss names the first alone. */
  const wakePlaces = (kinds: readonly string[]) => {
    for (const { id, name } of boss.getWipData()) if (kinds.includes(name)) boss.notifyWorker(id)
  }

  async function look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {}) // aborted: the loop ends
      if (signal.aborted) return
      try {
        wakePlaces(await readDueKinds(boss.getDb(), [...starts.keys()]))
      } catch (error) {
        boss.emit('error', toError(error))
      }
    }
  }

  function beginLooking(): void {
    if (looking?.signal.aborted === false) return
    looking = new AbortController()
    void look(looking.signal)
  }

  /** Whose turn it is next, now that one has begun. What cannot be put in order is, when the next begins. */
  const reorder = (kind: JobKind): Promise<void> =>
    keepTurns(boss.getDb(), kind).catch((error: unknown) => void boss.emit('error', toError(error)))

  async function handle<P>(
    job: { kind: JobKind; data: P & Carried; signal: AbortSignal },
    handler: Handler<P>
  ): Promise<void> {
    const reordered = reorder(job.kind)
    const lost = new AbortController()
    const onAbort = () => lost.abort(job.signal.aborted ? job.signal.reason : stopping.signal.reason)
    const signals = [job.signal, stopping.signal]
    for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true })
    if (stopping.signal.aborted) onAbort()
    const { traceparent = null, ...payload } = job.data
    const begin = () => handler(payload as unknown as P, lost.signal) // all but what the queue added
    // Not in the trace of whoever made the queue look again.
    const work = tracing ? tracing.within(traceparent, begin) : begin()
    running.add(work)
    try {
      await work
    } finally {
      await reordered
      running.delete(work)
      // pg-boss aborts its signal after every job, also one that ended well.
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
    }
  }

  return {
    async work(kind, concurrency, handler) {
      const start = async () => {
        await boss.work<JobPayloads[typeof kind]>(
          kind,
          {
            localConcurrency: concurrency,
            // A place is left for whoever comes next, but not one to train: it would be idle for hours where nobody comes.
            ...(kind !== 'run-leg' && { localGroupConcurrency: Math.max(1, concurrency - 1) }),
            batchSize: 1,
            pollingIntervalSeconds: POLL_EVERY_S,
            heartbeatRefreshSeconds: HEARTBEAT_REFRESH_S
          },
          async ([job]) => {
            if (job) await handle({ kind, data: job.data, signal: job.signal }, handler)
          }
        )
        beginLooking()
      }
      starts.set(kind, start)
      await start()
    },

    wake(kind) {
      wakePlaces(kind === null ? [...starts.keys()] : [kind])
    },

    pause: leaveQueues,

    async resume() {
      if (stopping.signal.aborted || isStopped) return
      for (const start of starts.values()) await start()
    },

    async stop(graceMs) {
      isStopped = true
      await leaveQueues()
      await settledWithin(graceMs)
      stopping.abort(new Error('the worker stops'))
      await settledWithin(ABORTED_GRACE_MS)
      // Jobs of handlers that still run are failed, so another worker retries them.
      await boss.stop({ graceful: true, timeout: running.size > 0 ? 1 : SETTLE_MS })
    }
  }

  async function leaveQueues(): Promise<void> {
    looking?.abort()
    await Promise.all([...starts.keys()].map((kind) => boss.offWork(kind, { wait: false })))
  }

  async function settledWithin(ms: number): Promise<void> {
    const done = new AbortController()
    const settled = Promise.allSettled(running).then(() => done.abort())
    await Promise.race([settled, clock.sleep(ms, done.signal).catch(() => {})])
    done.abort()
  }
}
