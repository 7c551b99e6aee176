/** One invocation after the other, as Lambda gives them to a process: between two of them the process is frozen. */
import type { Clock } from '../base/clock.ts'
import { toError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Invocation, RuntimeApi } from './runtime-api.ts'

export interface InvocationLoop {
  readonly api: RuntimeApi
  /** Answers through the API; what it throws is told to Lambda as the invocation's error. */
  readonly answer: (invocation: Invocation) => Promise<void>
  /** Before an invocation that came so long after the last: connections of then may be gone, and nobody was awake to notice. */
  readonly afterPause: () => Promise<void>
  readonly clock: Clock
  readonly logger: Pick<Logger, 'error'>
  readonly signal: AbortSignal
}

/** Shorter than whatever closes silent connections on the way to a database: RDS Proxy waits for 30 minutes, some firewalls for one. */
export const PAUSE_MS = 10_000

/** Until the signal is aborted, or the API is gone, which is thrown: a process that Lambda does not answer has nothing to serve. */
export async function serveInvocations(loop: InvocationLoop): Promise<void> {
  const { api, answer, afterPause, clock, logger, signal } = loop
  let endedAt = clock.now()
  while (!signal.aborted) {
    const invocation = await api.next()
    if (clock.now() - endedAt >= PAUSE_MS) await afterPause()
    try {
      await answer(invocation)
    } catch (error) {
      logger.error({ err: toError(error), invocation: invocation.id }, 'an invocation has failed')
      await api.fail(invocation.id, error)
    }
    endedAt = clock.now()
  }
}
