/**
 * Node parses every request of a chunk that it has read before it looks whether anybody takes the answers: 64 KiB hold 1,500
 * small requests, and all their answers would wait in memory for a client that reads none of them.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Unanswered requests of one connection. Browsers and most clients send one; undici at most what it is told. */
const MOST_PIPELINED = 16

export function registerPipelineLimit(app: Pick<FastifyInstance, 'addHook'>): void {
  const open = new WeakMap<Socket, number>()
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw
    const now = (open.get(socket) ?? 0) + 1
    open.set(socket, now)
    reply.raw.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1))
    if (now <= MOST_PIPELINED && !socket.destroyed) return done()
    reply.hijack()
    socket.destroy()
  })
}
