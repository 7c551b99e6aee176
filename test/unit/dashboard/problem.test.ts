import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { backoffMs } from '../../../src/dashboard/api/backoff.ts'
import { fieldMessage, parseProblem, toProblem } from '../../../src/dashboard/api/problem.ts'
import { presentProblem } from '../../../src/http/core/problem.ts'

const noHeader = () => null

test("the API's problems are shown with their fields and request id", () => {
  const error = new AppError('invalid_recipe', {
    errors: [
      { path: '/hyperparameters/batchSize', message: 'must be integer' },
      { path: 'limit', message: 'must be <= 100' }
    ]
  })
  const { details } = parseProblem(422, JSON.parse(JSON.stringify(presentProblem(error, 'req_1'))), noHeader)
  assert.equal(details.code, 'invalid_recipe')
  assert.equal(details.message, 'The recipe cannot be trained as written.')
  assert.equal(details.requestId, 'req_1')
  assert.deepEqual(details.errors, [
    { path: '/hyperparameters/batch_size', message: 'must be integer' },
    { path: 'limit', message: 'must be <= 100' }
  ])
})

test('an answer of something else, such as a proxy, still makes a sentence', () => {
  const { details } = parseProblem(502, null, (name) => (name === 'retry-after' ? '7' : null))
  assert.deepEqual(
    [details.code, details.message, details.retryAfterS, details.errors],
    ['http_502', 'The server answered with status 502.', 7, []]
  )
})

test('a fetch that reached nobody says so', () => {
  assert.equal(toProblem(new TypeError('fetch failed')).details.code, 'network')
  assert.equal(toProblem(new Error('odd')).message, 'odd')
})

test('a message finds its field by pointer, and a tuple by its items', () => {
  const errors = [{ path: '/hyperparameters/weight_decay/1', message: 'must be <= 10' }]
  assert.equal(fieldMessage(errors, '/hyperparameters/weight_decay'), 'must be <= 10')
  assert.equal(fieldMessage(errors, '/hyperparameters/weight'), null)
})

test('waiting doubles up to half a minute', () => {
  assert.deepEqual(
    [1, 2, 3, 20].map((attempt) => backoffMs(attempt, 0)),
    [500, 1000, 2000, 30_000]
  )
  assert.equal(backoffMs(1, 0.9999), 375)
})
