/**
 * The ear for new events, and for new jobs: one connection that LISTENs. When it is lost it is made again, with growing pauses, and until then
 * readers are told to look for themselves. The embedded database refuses LISTEN (docs/decisions/0002): there it stays so.
 */
import { Client } from 'pg'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { EventNotices } from '../../domain/stores.ts'

/** `EventStore.append` notifies it with the run's id. */
export const EVENT_CHANNEL = 'kappa_run_events'

const CONNECT_TIMEOUT_MS = 10_000
const PAUSES_MS = [1000, 2000, 5000, 10_000, 30_000] as const
/** feature_not_supported */
const REFUSED = '0A000'

export interface EventNoticesOptions {
  readonly url: string
  readonly channel?: string
  /** What is slower without it, for the log. */
  readonly readers?: string
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/** Begins at once; never fails, since readers can do without. */
export function createEventNotices({ url, clock, logger, ...options }: EventNoticesOptions): EventNotices {
  const { channel = EVENT_CHANNEL, readers = 'event streams' } = options
  const listeners = new Set<(runId: string | null) => void>()
  const closing = new AbortController()
  let isListening = false
  let attempts = 0

  const tell = (runId: string | null) => {
    for (const listener of listeners) listener(runId)
  }

  /** @returns whether to come back after the connection has ended */
  async function listen(): Promise<boolean> {
    const client = new Client({
      connectionString: url,
      application_name: 'kappa-events',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true
    })
    const ended = Promise.withResolvers<void>()
    let lost: Error | null = null
    client.on('error', (error) => {
      lost = error
      ended.resolve()
    })
    client.on('end', ended.resolve)
    client.on('notification', ({ payload }) => tell(payload ?? null))
    const onClose = () => ended.resolve()
    closing.signal.addEventListener('abort', onClose)
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
      isListening = !closing.signal.aborted
      attempts = 0
      tell(null)
      await ended.promise
      if (lost) throw lost
      return true
    } catch (error) {
      if (closing.signal.aborted) return false
      if (error instanceof Error && 'code' in error && error.code === REFUSED) {
        logger.info(`this database has no LISTEN: ${readers} poll`)
        return false
      }
      logger.warn({ err: error }, `not listening: ${readers} poll until the database answers`)
      return true
    } finally {
      isListening = false
      closing.signal.removeEventListener('abort', onClose)
      await client.end().catch(() => {}) // a connection that broke has ended already
      tell(null)
    }
  }

  async function keepListening(): Promise<void> {
    while (await listen()) {
      const pause = PAUSES_MS[Math.min(attempts, PAUSES_MS.length - 1)] ?? 0
      attempts += 1
      await clock.sleep(pause, closing.signal).catch(() => {}) // closed meanwhile
      if (closing.signal.aborted) return
    }
  }

  const done = keepListening()
  return {
    isListening: () => isListening,
    onNotice: (listener) => void listeners.add(listener),
    async close() {
      closing.abort()
      await done
    }
  }
}
