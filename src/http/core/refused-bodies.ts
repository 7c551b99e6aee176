/** Bodies of requests that are refused before all of it was read. */
import type { FastifyReply, FastifyRequest } from 'fastify'

/** About what a client sends before it looks for an answer; who announces more is cut off. */
const MOST_DISCARDED_BYTES = 16 * 1024 * 1024

/**
 * Takes what is left of the body, up to a limit: most clients read no answer before they have sent everything, and a
 * connection that is closed under them loses it. Beyond the limit the connection ends with the answer.
 */
export async function discardBody({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  let left = MOST_DISCARDED_BYTES
  const isBounded = !(Number(raw.headers['content-length']) > MOST_DISCARDED_BYTES)
  try {
    if (isBounded && !raw.readableEnded) {
      for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
        left -= chunk.length
        if (left < 0) break
      }
    }
  } catch {
    // The client is gone, and nobody waits for the answer.
  }
  if (!raw.readableEnded) reply.header('connection', 'close')
}
