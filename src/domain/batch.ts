import { AppError, invariant } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/**
 * OpenAI's states:
 *
 *   validating → in_progress → finalizing → completed      its parts are joined to files
 *      │   │         │  ↑          │
 *      │   │         │  └ its worker ended: another goes on behind the last part that was stored
 *      │   │         └─────────────┴→ cancelling → cancelled     by its worker, which joins what there is
 *      │   └ cancelled   at once: nobody works on it
 *      └──→ expired      the window is over; what is finished is joined, too
 *
 *   any of these that is open → failed
 */
export const BATCH_STATUSES = [
  'validating',
  'in_progress',
  'finalizing',
  'completed',
  'failed',
  'expired',
  'cancelling',
  'cancelled'
] as const
export type BatchStatus = (typeof BATCH_STATUSES)[number]

export const BATCH_ENDPOINTS = ['/v1/embeddings'] as const
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number]

export interface BatchCounts {
  /** Lines of the input. */
  readonly total: number
  readonly completed: number
  readonly failed: number
  /** That were embedded: what it costs. */
  readonly images: number
}

/** Requests of a file, answered in their order by one model, into a file of answers and one of failures. */
export interface Batch {
  readonly id: string
  readonly projectId: string
  readonly endpoint: BatchEndpoint
  readonly inputFileId: string
  /** Of whatever its lines call it. */
  readonly modelId: string
  /** As its first line has it: every line has to say the same. */
  readonly modelName: string
  /** `24h` */
  readonly window: string
  readonly metadata: JsonObject
  readonly status: BatchStatus
  /** How often a worker began with it; the last to begin is the one that writes. */
  readonly attempt: number
  readonly counts: BatchCounts
  /** That its answers will take, as far as is known; 0 once it has ended: files count for themselves. */
  readonly expectedBytes: number
  readonly outputFileId: string | null
  readonly errorFileId: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly startedAt: Date | null
  readonly finalizingAt: Date | null
  readonly cancellingAt: Date | null
  readonly finishedAt: Date | null
}

/** A float32 in JSON has up to 20 characters, and a comma. */
const BYTES_OF_NUMBER = 21

/** Of answers, at the most. */
export const bytesPerImage = ({ embeddingDim }: { readonly embeddingDim: number }): number =>
  embeddingDim * BYTES_OF_NUMBER

/** Of its parts, until they are joined. */
export const batchPrefix = (id: string): string => `batches/${id}/`

const ENDED: ReadonlySet<BatchStatus> = new Set(['completed', 'failed', 'expired', 'cancelled'])

export const isBatchEnded = ({ status }: Pick<Batch, 'status'>): boolean => ENDED.has(status)

const HOUR_MS = 3600_000

/** @param window hours, as `24h` */
export const expiresAfter = (createdAt: Date, window: string): Date =>
  new Date(createdAt.getTime() + Number.parseInt(window, 10) * HOUR_MS)

/** How it ends once its parts are joined: somebody may have cancelled it, and time may be over. */
export function endOf({ id, status, counts, expiresAt }: Batch, at: Date): 'completed' | 'cancelled' | 'expired' {
  if (status === 'cancelling') return 'cancelled'
  if (counts.completed + counts.failed === counts.total) return 'completed'
  invariant(at >= expiresAt, `batch ${id} ends before its last line`)
  return 'expired'
}

/** @throws AppError batch_not_cancelable for one that has ended otherwise */
export function checkBatchCancelable({ id, status }: Pick<Batch, 'id' | 'status'>): void {
  if (!ENDED.has(status) || status === 'cancelled') return
  throw new AppError('batch_not_cancelable', { message: `Batch ${id} has already ${WORDS[status]}.`, batchId: id })
}

const WORDS: Partial<Readonly<Record<BatchStatus, string>>> = {
  completed: 'been completed',
  failed: 'failed',
  expired: 'expired'
}
