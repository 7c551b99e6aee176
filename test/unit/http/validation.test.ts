import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TSchema, Type } from 'typebox'
import { AppError } from '../../../src/base/errors.ts'
import { NAME_RULE } from '../../../src/http/core/text.ts'
import { createValidatorCompiler } from '../../../src/http/core/validation.ts'
import { Name, Nullable } from '../../../src/http/schemas/common.ts'

const compile = createValidatorCompiler()
const closed = { additionalProperties: false }

function check(schema: TSchema, value: unknown, httpPart = 'body') {
  const validate = compile({ schema, method: 'POST', url: '/', httpPart })
  return validate(value) as { value?: unknown; error?: AppError }
}

function errorsOf(schema: TSchema, value: unknown, httpPart?: string): string[] {
  const { error } = check(schema, value, httpPart)
  assert.ok(error instanceof AppError)
  return (error.details.errors ?? []).map(({ path, message }) => `${path}: ${message}`)
}

const Point = Type.Object({ x: Type.Number(), y: Type.Optional(Type.Integer({ minimum: 0 })) }, closed)

test('a body is taken as it is: nothing removed, nothing converted', () => {
  assert.deepEqual(check(Point, { x: 1.5 }), { value: { x: 1.5 } })
  assert.deepEqual(errorsOf(Point, { x: '1.5' }), ['/x: must be number'])
})

test('a name of space alone is blank, whatever the space is and however much of it', () => {
  const named = Type.Object({ name: Nullable(Name) }, closed)
  for (const name of [' ', '\t\n', '\u00a0\u3000']) assert.deepEqual(errorsOf(named, { name }), [`/name: ${NAME_RULE}`])
  assert.ok(errorsOf(named, { name: ' '.repeat(1_000_000) }).includes(`/name: ${NAME_RULE}`))
  for (const name of ['a', ' a b ', '0', null]) assert.deepEqual(check(named, { name }), { value: { name } })
})

test('everything that is wrong is named at once, unknown fields by their names', () => {
  assert.deepEqual(errorsOf(Point, { y: -1, z: 1, 'a/b': 2 }), [
    '/x: is required',
    '/z: is an unknown field: z',
    '/a~1b: is an unknown field: a/b',
    '/y: must be >= 0'
  ])
})

test('of a union the branch that its literal chose is explained', () => {
  const Union = Type.Object({
    source: Type.Union([
      Type.Object({ type: Type.Literal('a'), one: Type.Number() }, closed),
      Type.Object({ type: Type.Literal('b'), two: Type.Array(Type.String()) }, closed)
    ])
  })
  assert.deepEqual(errorsOf(Union, { source: { type: 'b', two: [], three: 1 } }), [
    '/source/three: is an unknown field: three'
  ])
  assert.deepEqual(errorsOf(Union, { source: { type: 'c' } }), ['/source/type: must be one of a, b'])
})

test('what may be null says so', () => {
  const schema = Type.Object({ name: Type.Union([Type.String(), Type.Null()]) })
  assert.deepEqual(errorsOf(schema, { name: 3 }), ['/name: must be string or must be null'])
})

test('texts of a URL are converted, get their defaults, and are named as parameters', () => {
  const Query = Type.Object(
    { limit: Type.Optional(Type.Integer({ minimum: 1, default: 20 })), on: Type.Optional(Type.Boolean()) },
    closed
  )
  assert.deepEqual(check(Query, { limit: '5', on: 'true' }, 'querystring'), { value: { limit: 5, on: true } })
  assert.deepEqual(check(Query, {}, 'querystring'), { value: { limit: 20 } })
  assert.deepEqual(errorsOf(Query, { limit: '0' }, 'querystring'), ['limit: must be >= 1'])
  assert.deepEqual(errorsOf(Query, { colour: 'red' }, 'querystring'), ['colour: is an unknown field: colour'])
})

test('a body with a million mistakes is refused in no time', () => {
  const schema = Type.Object({ input: Type.Array(Type.String()) })
  const body = { input: new Array(2_000_000).fill(1) }
  const begin = process.threadCpuUsage()
  const errors = errorsOf(schema, body)
  const { user, system } = process.threadCpuUsage(begin)
  assert.ok(user + system < 1_500_000, `${user + system} µs of processor time`)
  assert.ok(errors.length > 0 && errors.length <= 16)
})

test('images and forms are not judged by the schema that documents them', () => {
  const definition = { schema: Type.Object({}), method: 'POST', url: '/', httpPart: 'body', contentType: 'image/png' }
  assert.equal(compile(definition)(Buffer.from('x')), true)
})

test('more that is wrong than is told is refused as well: unknown fields before it hid everything else', () => {
  const unknown = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field/${i}`, i]))
  for (const rest of [{ x: 1 }, { x: 'one', y: -1 }]) {
    const errors = errorsOf(Point, { ...unknown, ...rest })
    assert.equal(errors.length, 16)
    assert.ok(errors.includes('/field~10: is an unknown field: field/0'))
  }
  const Either = Type.Object({ one: Type.Union([Point, Type.Object({ z: Type.Number() }, closed)]) }, closed)
  assert.ok(errorsOf(Either, { one: unknown }).length > 0)
  assert.ok(errorsOf(Point, { ...unknown, x: '1' }, 'querystring').length > 0)
})

test('what is wrong behind thousands of values that are right is found', () => {
  const schema = Type.Object({ places: Type.Array(Type.Integer({ minimum: 0 })), y: Type.Optional(Type.Null()) })
  const places = [...new Array(20_000).fill(7), -1]
  assert.deepEqual(errorsOf(schema, { places }), ['/places/20000: must be >= 0'])
  assert.deepEqual(errorsOf(schema, { places: places.slice(0, -1), y: 1 }), ['/y: must be null'])
})
