/** The log of a process: JSON lines, in which what an operator reads at night is one line and not a page. */
import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'
import { isAppError, toError } from '../base/errors.ts'
import { readTraceparent, type Tracing } from '../base/tracing.ts'
import { translateDatabaseError } from '../storage/postgres/errors.ts'

/** Of what was expected, such as an outage or somebody's images, a stack says nothing: what it was, and the words of whoever noticed. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const translated = translateDatabaseError(error)
  if (!isAppError(translated) || translated.code === 'internal') return stdSerializers.err(error)
  const { code, message, cause } = translated
  return { code, message, ...(cause === undefined ? {} : { cause: toError(cause).message }) }
}

/** Every line that belongs to a trace names it, as the log model of OpenTelemetry does. */
export const createLogger = (level: string, name: string, tracing?: Pick<Tracing, 'current'>): PinoLogger =>
  pino({ level, name, serializers: { err: describeError }, ...(tracing && { mixin: () => traceFields(tracing) }) })

export function traceFields(tracing: Pick<Tracing, 'current'>): object {
  const context = readTraceparent(tracing.current())
  return context === null ? {} : { trace_id: context.traceId, span_id: context.spanId }
}
