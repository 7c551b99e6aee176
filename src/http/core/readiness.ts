import { AppError, type ErrorCode, isAppError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'

/** What must answer, by name. */
export type Checks = Readonly<Record<string, () => Promise<void>>>

/** Of the checks, as the API is composed. */
export const READINESS_PROBLEMS: readonly ErrorCode[] = [
  'database_unavailable',
  'database_read_only',
  'schema_outdated',
  'storage_unavailable',
  'inference_unavailable'
]

/** Whoever probes waits for a few seconds at the most. */
const CHECK_WITHIN_MS = 2000

/** Of one that does not answer: a database that is away says nothing of its schema. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  database: 'database_unavailable',
  schema: 'database_unavailable',
  objects: 'storage_unavailable',
  inference: 'inference_unavailable'
}

function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** @throws AppError of the first part that does not answer */
export async function checkReadiness(checks: Checks, logger: Pick<Logger, 'warn'>): Promise<void> {
  const answers = Object.entries(checks).map(async ([name, check]) => {
    try {
      await within(check(), CHECK_WITHIN_MS)
    } catch (error) {
      logger.warn({ check: name, error: toError(error).message }, 'not ready')
      const code = isAppError(error) ? error.code : (CODES[name] ?? 'internal')
      const message = isAppError(error) ? { message: error.message } : {}
      throw new AppError(code, { ...message, retryAfterS: 1 }, { cause: error })
    }
  })
  await Promise.all(answers)
}
