import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { backoffMs } from '../../../src/client/backoff.ts'
import { fieldMessage, isPassing, parseProblem, toProblem } from '../../../src/client/problem.ts'
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

test('an error of our own is shown with its message, and is not taken for the network', () => {
  for (const error of [new TypeError('x is undefined'), new Error('x is undefined')]) {
    const problem = toProblem(error)
    assert.deepEqual([problem.message, problem.details.code, problem.cause], ['x is undefined', 'client', error])
    assert.equal(isPassing(problem), false)
  }
})

test('what may pass is asked for again, what was refused is not', () => {
  const passing = (status: number) => isPassing(parseProblem(status, null, noHeader))
  assert.deepEqual([429, 500, 502, 503, 504, 507].map(passing), [true, true, true, true, true, true])
  assert.deepEqual([400, 401, 403, 404, 409, 410, 413, 422].map(passing), Array(8).fill(false))
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
