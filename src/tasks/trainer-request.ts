/** One request to a trainer child that ends with one answer: exports, imports, evaluations, vector sets, batches. Outages and kills are lived through. */
import type { Clock } from '../base/clock.ts'
import { AppError, ERROR_CATALOGUE, isAppError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import type { SilenceLimits, TrainerProcess } from '../processes/trainer-process.ts'
import type { WorkEvent, WorkRequest } from '../protocol/trainer-messages.ts'
import { retryOutages } from './retry.ts'
import { tellingLine } from './trainer-outcome.ts'

export type StartTrainer = (request: WorkRequest, silence?: SilenceLimits) => TrainerProcess

const MOST_ATTEMPTS = 2

/** What others send. Any other signal a process raises itself, over what it has read, and would raise again: V8 without heap aborts. */
const SENT_SIGNALS: ReadonlySet<unknown> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'])

interface Patience {
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Storage and database are waited for. A process that others killed says nothing about what it read; one that is killed again
 * is out of memory.
 */
export async function persist<T>(patience: Patience, work: () => Promise<T>): Promise<T> {
  const { logger, signal } = patience
  for (let attempt = 1; ; attempt++) {
    try {
      return await retryOutages(work, patience)
    } catch (error) {
      const wasKilled = isAppError(error, 'trainer_crashed') && SENT_SIGNALS.has(error.details['signal'])
      if (!wasKilled || signal.aborted || attempt === MOST_ATTEMPTS) throw error
      logger.warn({ err: error, attempt }, 'the trainer was killed; trying again')
    }
  }
}

/** For the record of what could not be made. */
export const describeFailure = (error: unknown): { code: string; message: string } =>
  isAppError(error)
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: ERROR_CATALOGUE.internal }

export interface Asking<Last extends WorkEvent['type']> {
  readonly request: WorkRequest
  /** The type of the answer. */
  readonly last: Last
  readonly onEvent: (event: WorkEvent) => Promise<void> | void
  /** Ends the child, with this much time to end by itself. */
  readonly signal: AbortSignal
  readonly graceMs: number
  readonly silence?: SilenceLimits
}

/** @throws AppError with the trainer's code; trainer_crashed with `signal` when it was killed */
export async function askTrainer<Last extends WorkEvent['type']>(
  startTrainer: StartTrainer,
  asking: Asking<Last>
): Promise<Extract<WorkEvent, { type: Last }>> {
  const { request, last, onEvent, signal: ending, graceMs, silence } = asking
  ending.throwIfAborted()
  const trainer = startTrainer(request, silence)
  const stop = () => trainer.stop(graceMs)
  ending.addEventListener('abort', stop, { once: true })
  try {
    let answer: Extract<WorkEvent, { type: Last }> | null = null
    for await (const event of trainer.events) {
      if (event.type === last)
        answer = event as Extract<WorkEvent, { type: Last }> // by its type
      else if (event.type === 'failed') throw new AppError(event.code, { message: event.message })
      else await onEvent(event)
    }
    if (answer !== null) return answer
    ending.throwIfAborted()
    throw crashed(request, await trainer.exited)
  } finally {
    ending.removeEventListener('abort', stop)
    trainer.kill()
    await trainer.exited
  }
}

function crashed({ type }: WorkRequest, exit: Awaited<TrainerProcess['exited']>): AppError {
  // Code 0 without an answer: somebody else told it to stop, as a service manager does with a whole group.
  const signal = exit.signal ?? (exit.code === 0 ? 'SIGTERM' : null)
  const message = `The ${NOUNS[type]} ended with ${signal ?? `code ${exit.code}`}: ${tellingLine(exit.lastLines)}`
  const isFull = isOutOfMemory(new Error(exit.lastLines.join('\n')))
  return new AppError(isFull ? 'out_of_memory' : 'trainer_crashed', { message, signal })
}

const NOUNS: Readonly<Record<WorkRequest['type'], string>> = {
  train: 'training',
  export: 'export',
  import: 'import',
  evaluate: 'evaluation',
  embed: 'embedding of the dataset',
  batch: 'batch',
  map: 'map of the dataset'
}
