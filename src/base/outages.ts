/** What an installation needs and does not own is away at times, or in the way of others: that is nobody's fault here, and passes. */
import { type AppError, isAppError } from './errors.ts'

const OUTAGES = ['storage_unavailable', 'database_unavailable', 'database_read_only', 'write_conflict'] as const

export type Outage = AppError & { readonly code: (typeof OUTAGES)[number] }

export const isOutage = (error: unknown): error is Outage => OUTAGES.some((code) => isAppError(error, code))
