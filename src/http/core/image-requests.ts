/** What requests with images have in common: room for their bodies, and somebody who waits for the answer. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Budget } from '../../base/budget.ts'
import type { Caller } from '../../domain/ports.ts'
import type { ProjectRates } from '../../services/projects/rates.ts'
import type { App } from '../server.ts'

/**
 * Bodies that are read or answered at the same time, by their bytes: known before the first is read. A body that does not
 * say its size counts as the largest. In a plugin of its own: other bodies are small.
 */
export function boundBodies(scope: App, budget: Budget): void {
  // After the key was checked and before the body is read.
  scope.addHook('preParsing', async (request, reply, payload) => {
    const { bodyLimit } = request.routeOptions
    const announced = Number(request.headers['content-length'] ?? bodyLimit)
    // One that is larger is refused by whoever reads it.
    holdAnswer(reply, budget.take(request.principal.actor, Math.min(announced, bodyLimit)))
    return payload
  })
}

/** Until an answer has gone: a large one lies in memory as long as its reader takes. */
export function holdAnswer(reply: FastifyReply, release: () => void): void {
  for (const event of ['finish', 'close']) reply.raw.once(event, release)
}

/** The key, a signal that is aborted when the client leaves before its answer, and its project, which pays. */
export function callerOf(
  rates: Pick<ProjectRates, 'spend'>,
  { principal }: FastifyRequest,
  reply: FastifyReply
): Caller {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  const { actor: key, projectId } = principal
  return { key, spend: (amount) => rates.spend({ projectId, rate: 'pixels', amount }), signal: gone.signal }
}
