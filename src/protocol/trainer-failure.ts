import { type ErrorCode, isAppError, toError } from '../base/errors.ts'
import { isOutOfMemory } from '../base/out-of-memory.ts'
import { diskTroubleOf } from '../base/system-errors.ts'
import type { FailedEvent } from './training-events.ts'

const codeOf = (error: Error): ErrorCode =>
  isAppError(error) ? error.code : isOutOfMemory(error) ? 'out_of_memory' : (diskTroubleOf(error) ?? 'internal')

/** The last event of a trainer that threw. The stack is for bugs: an expected failure explains itself. */
export function failedEventOf(thrown: unknown, step: number): FailedEvent {
  const error = toError(thrown)
  const stack = isAppError(error) || error.stack === undefined ? {} : { stack: error.stack }
  return { type: 'failed', step, code: codeOf(error), message: error.message, ...stack }
}
