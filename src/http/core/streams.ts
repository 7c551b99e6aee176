/**
 * Streams that would go on for ever: how many there may be, and that they end, as connections that nobody uses do, before
 * the process can.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'

export interface StreamLimits {
  readonly perKey: number
  readonly perProcess: number
  /** Of a stream that begins now; absent: until its run has ended. Its client comes back with Last-Event-ID. */
  readonly lastsMs?: () => number
}

/** Responses that go on until somebody leaves: the client, or this process. */
export interface Streams {
  /**
   * Aborted when the client is gone or the app closes.
   *
   * @throws AppError rate_limited when the key or token has too many open, overloaded when all keys together have
   */
  open(reply: FastifyReply, actor: string): AbortSignal
  count(): number
}

/** For answers that are being computed; a client that sends half a body and waits would hold the process for five minutes. */
const CLOSE_WITHIN_MS = 15_000
/** A stream rarely ends sooner; a client that waits this long does no harm. */
const RETRY_AFTER_S = 10

/** @param clock tells when a process that ends no longer waits for requests that are under way */
export function createStreams(app: FastifyInstance, limits: StreamLimits, clock: Clock): Streams {
  const controllers = new Map<AbortController, string>()
  const openOf = (actor: string) => [...controllers.values()].filter((one) => one === actor).length
  const underWay = new Set<ServerResponse>()
  const closed = new AbortController()
  let isClosing = false

  // Browsers and undici connect before they have a request; for Node such a connection is not idle, and closing the
  // server would wait for it for over a minute.
  const closeUnused = () => {
    if (isClosing && underWay.size === 0) app.server.closeAllConnections()
  }

  app.addHook('onRequest', async (_, reply) => {
    underWay.add(reply.raw)
    // Not onResponse: that one does not come when the client leaves early.
    for (const event of ['finish', 'close']) {
      reply.raw.once(event, () => {
        underWay.delete(reply.raw)
        if (isClosing) setImmediate(closeUnused)
      })
    }
  })
  app.addHook('preClose', async () => {
    isClosing = true
    for (const controller of controllers.keys()) controller.abort()
    // The server stops to listen first.
    setImmediate(closeUnused)
    void clock.sleep(CLOSE_WITHIN_MS, closed.signal).then(
      () => app.server.closeAllConnections(),
      () => {} // closed before
    )
  })
  app.addHook('onClose', async () => closed.abort())

  return {
    open(reply, actor) {
      if (openOf(actor) >= limits.perKey) {
        const message = `There are ${limits.perKey} event streams open, which is the most that a key or token may have.`
        throw new AppError('rate_limited', { message, limit: limits.perKey, retryAfterS: RETRY_AFTER_S })
      }
      if (controllers.size >= limits.perProcess) throw new AppError('overloaded', { retryAfterS: RETRY_AFTER_S })
      const controller = new AbortController()
      controllers.set(controller, actor)
      if (limits.lastsMs !== undefined)
        clock.sleep(limits.lastsMs(), controller.signal).then(
          () => controller.abort(),
          () => {} // left before
        )
      reply.raw.once('close', () => {
        controllers.delete(controller)
        controller.abort()
      })
      return controller.signal
    },
    count: () => controllers.size
  }
}
