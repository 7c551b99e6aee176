/** What must end before the process can: streams that would go on for ever, and connections that nobody uses. */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** Responses that go on until somebody leaves: the client, or this process. */
export interface Streams {
  /** Aborted when the client is gone or the app closes. */
  open(reply: FastifyReply): AbortSignal
}

export function createStreams(app: FastifyInstance): Streams {
  const controllers = new Set<AbortController>()
  const underWay = new Set<ServerResponse>()
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
    for (const controller of controllers) controller.abort()
    // The server stops to listen first.
    setImmediate(closeUnused)
  })

  return {
    open(reply) {
      const controller = new AbortController()
      controllers.add(controller)
      reply.raw.once('close', () => {
        controllers.delete(controller)
        controller.abort()
      })
      return controller.signal
    }
  }
}
