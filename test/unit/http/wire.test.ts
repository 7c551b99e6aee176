import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysToCamel, keysToSnake, pointerToSnake } from '../../../src/base/casing.ts'
import { AppError, ERROR_CATALOGUE, type ErrorCode } from '../../../src/base/errors.ts'
import { streamEmbeddings, toBase64, toRaw } from '../../../src/http/core/embedding-encoding.ts'
import { presentProblem, STATUS, toAppError } from '../../../src/http/core/problem.ts'
import { parseQuery } from '../../../src/http/core/query.ts'
import { readRequestId } from '../../../src/http/core/request-log.ts'
import { toWireSchema } from '../../../src/http/openapi/casing.ts'
import { toComponents } from '../../../src/http/openapi/schemas.ts'
import { presentRecipe, readHyperparameters } from '../../../src/http/schemas/recipe.ts'
import { PRESETS, resolveRecipe } from '../../../src/recipe/presets.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

test('names change at every depth and values stay', () => {
  const code = { batchSize: 1, crops: [{ aspectRatio: [0.5, 2] }], at: null }
  const wire = { batch_size: 1, crops: [{ aspect_ratio: [0.5, 2] }], at: null }
  assert.deepEqual(keysToSnake(code), wire)
  assert.deepEqual(keysToCamel(wire), code)
  assert.equal(
    pointerToSnake('/hyperparameters/crops/global/aspectRatio/0'),
    '/hyperparameters/crops/global/aspect_ratio/0'
  )
})

test('every preset survives the way to the wire and back', () => {
  for (const preset of Object.keys(PRESETS)) {
    const recipe = resolveRecipe({ method: 'dino-vmf', preset })
    const wire = presentRecipe(recipe) as { hyperparameters: Record<string, unknown> }
    assert.ok(!/[A-Z]/.test(JSON.stringify(Object.keys(wire.hyperparameters))))
    assert.deepEqual(readHyperparameters(wire.hyperparameters), recipe.hyperparameters)
  }
})

test('a schema is renamed with its fields, and asks for none of them when it is partial', () => {
  const schema = { type: 'object', required: ['batchSize'], properties: { batchSize: { type: 'integer' } } }
  const wire = { type: 'object', required: ['batch_size'], properties: { batch_size: { type: 'integer' } } }
  assert.deepEqual(toWireSchema(schema, { isPartial: false }), wire)
  assert.deepEqual(toWireSchema(schema, { isPartial: true }), { type: 'object', properties: wire.properties })
})

test('named schemas become components, tuples are written as OpenAPI 3.1 has them', () => {
  const tuple = { type: 'array', items: [{ type: 'number' }, { type: 'string' }], additionalItems: false }
  const { value, schemas } = toComponents({ a: { $id: 'Pair', ...tuple }, b: [{ $id: 'Pair', ...tuple }] })
  const ref = { $ref: '#/components/schemas/Pair' }
  assert.deepEqual(value, { a: ref, b: [ref] })
  const prefixItems = [{ type: 'number' }, { type: 'string' }]
  const items = { anyOf: prefixItems }
  assert.deepEqual(schemas, { Pair: { type: 'array', prefixItems, items, minItems: 2, maxItems: 2 } })
})

test('names in brackets are groups, names that come twice are lists, poison is text', () => {
  assert.deepEqual(parseQuery('a=1&metadata[team]=x&metadata[note]=y%20z'), {
    a: '1',
    metadata: { team: 'x', note: 'y z' }
  })
  assert.deepEqual(parseQuery('a=1&a=2&a=3'), { a: ['1', '2', '3'] })
  assert.equal(Object.getPrototypeOf(parseQuery('__proto__[admin]=1')), Object.prototype)
  assert.equal(({} as Record<string, unknown>)['admin'], undefined)
})

test('every code has a status that is a failure, and its problem names it', () => {
  for (const code of Object.keys(ERROR_CATALOGUE) as ErrorCode[]) {
    assert.ok(STATUS[code] >= 400 && STATUS[code] < 600, code)
    const problem = presentProblem(new AppError(code, { message: 'for this one', runId: 'run_1' }), 'req_1')
    assert.equal(problem.type, `urn:kappa:problem:${code}`)
    assert.equal(problem.request_id, 'req_1')
    const isOurs = STATUS[code] >= 500
    assert.equal(problem.detail, isOurs ? ERROR_CATALOGUE[code] : 'for this one')
    assert.equal(problem['run_id'], isOurs ? undefined : 'run_1')
  }
})

test('details cannot overwrite what a problem is', () => {
  const problem = presentProblem(new AppError('run_not_found', { status: 200, type: 'x', requestId: 'y' }), 'req_1')
  assert.equal(problem.status, 404)
  assert.equal(problem.type, 'urn:kappa:problem:run_not_found')
  assert.equal(problem.request_id, 'req_1')
})

test('pointers of the domain are told in the words of the wire, parameters as they are', () => {
  const errors = [
    { path: '/hyperparameters/batchSize', message: 'too large' },
    { path: 'after', message: 'no cursor' }
  ]
  assert.deepEqual(presentProblem(new AppError('invalid_recipe', { errors }), 'r').errors, [
    { pointer: '/hyperparameters/batch_size', detail: 'too large' },
    { parameter: 'after', detail: 'no cursor' }
  ])
})

test('what nobody expected is internal and keeps its cause', () => {
  const bug = new TypeError('x is undefined')
  const error = toAppError(bug)
  assert.equal(error.code, 'internal')
  assert.equal(error.cause, bug)
  assert.equal(toAppError(Object.assign(new Error(), { code: 'FST_ERR_CTP_BODY_TOO_LARGE' })).code, 'body_too_large')
})

test('a request keeps the name it came with only if it is a reasonable one', () => {
  const clock = fakeClock()
  assert.equal(readRequestId({ headers: { 'x-request-id': 'trace-1.a' } }, clock), 'trace-1.a')
  for (const given of ['', 'a b', 'x'.repeat(129), 'a\nb']) {
    assert.match(readRequestId({ headers: { 'x-request-id': given } }, clock), /^req_/)
  }
})

test('embeddings are the same numbers in every encoding, views of larger buffers included', async () => {
  const all = Float32Array.from([9, 0.1, -0.25, 1e-8, 3, 4])
  const rows = [all.subarray(1, 3), all.subarray(3, 5)]
  let text = ''
  for await (const piece of streamEmbeddings(rows, 'float32', { model: 'mdl_1', usage: {} })) text += piece
  const json = JSON.parse(text)
  assert.deepEqual(
    json.data.map((one: { embedding: number[] }) => one.embedding),
    rows.map((row) => Array.from(row))
  )
  assert.equal(json.model, 'mdl_1')
  const raw = toRaw(rows, 'float32')
  assert.equal(raw.length, 16)
  assert.equal(raw.readFloatLE(4), -0.25)
  assert.equal(Buffer.from(toBase64(rows[1]!, 'float32'), 'base64').readFloatLE(4), 3)
})
