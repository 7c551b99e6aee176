import { type Static, Type } from 'typebox'
import { BATCH_ENDPOINTS, BATCH_STATUSES, type Batch as DomainBatch } from '../../domain/batch.ts'
import type { BatchWish } from '../../services/batches/batches.ts'
import { closed, ListOf, Metadata, Nullable, Resource, Text } from './common.ts'
import { pageById, UnixTime, unixTime } from './file.ts'

export const CreateBatch = Type.Object(
  {
    input_file_id: Text({ minLength: 1, maxLength: 100, description: 'A file of requests, of purpose batch.' }),
    endpoint: Type.Enum([...BATCH_ENDPOINTS]),
    completion_window: Type.String({
      pattern: '^[1-9][0-9]{0,2}h$',
      examples: ['24h'],
      description: 'Hours, as `24h`: what is not answered by then is not answered any more.'
    }),
    metadata: Type.Optional(Nullable(Metadata))
  },
  {
    ...closed,
    $id: 'CreateBatch',
    examples: [{ input_file_id: 'file_01jexample', endpoint: '/v1/embeddings', completion_window: '24h' }]
  }
)

const When = Nullable(UnixTime)

export const Batch = Resource(
  {
    id: Type.String(),
    object: Type.Literal('batch'),
    endpoint: Type.Enum([...BATCH_ENDPOINTS]),
    model: Type.String({ description: 'That answers every line.' }),
    input_file_id: Type.String(),
    completion_window: Type.String(),
    status: Type.Enum([...BATCH_STATUSES]),
    output_file_id: Nullable(Type.String({ description: 'Of answers, in the order of the requests.' })),
    error_file_id: Nullable(Type.String({ description: 'Of lines that failed, or were not reached.' })),
    errors: Nullable(
      Type.Object({
        object: Type.Literal('list'),
        data: Type.Array(
          Type.Object({
            code: Type.String(),
            message: Type.String(),
            param: Type.Null(),
            line: Type.Null()
          })
        )
      })
    ),
    request_counts: Type.Object({ total: Type.Integer(), completed: Type.Integer(), failed: Type.Integer() }),
    usage: Type.Object({ images: Type.Integer({ description: 'That were embedded: what it costs.' }) }),
    metadata: Metadata,
    created_at: UnixTime,
    expires_at: UnixTime,
    in_progress_at: When,
    finalizing_at: When,
    completed_at: When,
    failed_at: When,
    expired_at: When,
    cancelling_at: When,
    cancelled_at: When
  },
  'Batch'
)

export const BatchList = ListOf(Batch, 'BatchList')

export const BatchQuery = Type.Object(pageById, closed)

export const readBatchWish = (body: Static<typeof CreateBatch>): BatchWish => ({
  inputFileId: body.input_file_id,
  endpoint: body.endpoint,
  window: body.completion_window,
  metadata: body.metadata ?? {}
})

export function presentBatch(batch: DomainBatch): Static<typeof Batch> {
  const { status, counts, error, finishedAt } = batch
  const when = (date: Date | null) => (date === null ? null : unixTime(date))
  const endedAs = (one: DomainBatch['status']) => (status === one ? when(finishedAt) : null)
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    model: batch.modelId,
    input_file_id: batch.inputFileId,
    completion_window: batch.window,
    status,
    output_file_id: batch.outputFileId,
    error_file_id: batch.errorFileId,
    errors: error && { object: 'list', data: [{ ...error, param: null, line: null }] },
    request_counts: { total: counts.total, completed: counts.completed, failed: counts.failed },
    usage: { images: counts.images },
    metadata: batch.metadata as Record<string, string>, // Metadata is what created it
    created_at: unixTime(batch.createdAt),
    expires_at: unixTime(batch.expiresAt),
    in_progress_at: when(batch.startedAt),
    finalizing_at: when(batch.finalizingAt),
    completed_at: endedAs('completed'),
    failed_at: endedAs('failed'),
    expired_at: endedAs('expired'),
    cancelling_at: when(batch.cancellingAt),
    cancelled_at: endedAs('cancelled')
  }
}
