/** The log of a process: JSON lines, in which what an operator reads at night is one line and not a page. */
import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import { toError } from '../base/errors.ts'
import { isOutage } from '../base/outages.ts'
import { translateDatabaseError } from '../storage/postgres/errors.ts'

/** Where the fault is not ours a stack says nothing: what did not answer, and the words of whoever noticed. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const translated = translateDatabaseError(error)
  if (!isOutage(translated)) return stdSerializers.err(error)
  const { code, message, cause } = translated
  return { code, message, ...(cause === undefined ? {} : { cause: toError(cause).message }) }
}

export const createLogger = (level: string, name: string): PinoLogger =>
  pino({ level, name, serializers: { err: describeError } })
