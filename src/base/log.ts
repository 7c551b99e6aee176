import type { Logger as PinoLogger } from 'pino'

/** Standard fields: requestId, projectId, runId, datasetId, modelId, jobId, leaseEpoch. Never a key or a secret. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'child'>

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger as never
} as unknown as Logger // pino's overloads cannot be written by hand
