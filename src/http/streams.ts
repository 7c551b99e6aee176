import type { FastifyInstance, FastifyReply } from 'fastify'

/** Responses that go on until somebody leaves: the client, or this process. */
export interface Streams {
  /** Aborted when the client is gone or the app closes. */
  open(reply: FastifyReply): AbortSignal
}

export function createStreams(app: FastifyInstance): Streams {
  const controllers = new Set<AbortController>()
  app.addHook('preClose', async () => {
    for (const controller of controllers) controller.abort()
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
