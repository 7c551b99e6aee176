import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { describeError, traceFields } from '../../../src/composition/logger.ts'
import { createTracing } from '../../../src/tracing/tracing.ts'

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })

test('an outage, or what was expected otherwise, is logged in a line, by whatever name it comes, and a fault of ours with its stack', () => {
  const line = { code: 'database_unavailable', message: 'The database does not answer.', cause: refused.message }
  assert.deepEqual(describeError(refused), line)
  assert.deepEqual(describeError(new AppError('database_unavailable', {}, { cause: refused })), line)
  assert.deepEqual(describeError(new AppError('storage_unavailable', { message: 'It has said nothing for 4 s.' })), {
    code: 'storage_unavailable',
    message: 'It has said nothing for 4 s.'
  })
  assert.deepEqual(describeError(new AppError('selection_empty', { message: 'It leaves none of the 5 images.' })), {
    code: 'selection_empty',
    message: 'It leaves none of the 5 images.'
  })
  const bug = new AppError('internal', {}, { cause: new TypeError('x is not a function') })
  assert.match(String((describeError(bug) as Error).stack), /logger\.test\.ts/)
  assert.match(String((describeError(new TypeError('x is not a function')) as Error).stack), /logger\.test\.ts/)
})

test('a line that belongs to a trace names it, and no other line does', () => {
  const tracing = createTracing(null)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  assert.deepEqual(traceFields(tracing), {})
  assert.deepEqual(
    tracing.within(traceparent, () => traceFields(tracing)),
    { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' }
  )
})
