/** Text, numbers and dates as they come in: one rule each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { AppError } from '../../../src/base/errors.ts'
import { matchRoute } from '../../../src/dashboard/router.ts'
import { isDashboardView } from '../../../src/http/core/dashboard-files.ts'
import { decodeJson, parseJson } from '../../../src/http/core/json-text.ts'
import { parseQuery } from '../../../src/http/core/query.ts'
import { textErrors } from '../../../src/http/core/text.ts'
import { parseTimestamp } from '../../../src/http/core/timestamps.ts'
import { readTexts } from '../../../src/http/core/url-texts.ts'

const parse = (source: string | Buffer, type = 'application/json') => parseJson(decodeJson(Buffer.from(source), type))
const failureOf = (work: () => unknown): AppError => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    return error
  }
  throw new Error('nothing was thrown')
}

test('text without NUL and half pairs is storable, wherever it stands, names included', () => {
  assert.deepEqual(textErrors({ a: ['ä', '😀', '\u0001', '\ufffe', ''], '😀': null, n: 1 }), [])
  const paths = (value: unknown) =>
    textErrors(value)
      .map(({ path }) => path)
      .sort()
  assert.deepEqual(paths({ a: ['x', 'a\0'], 'b/c': { d: '\ud800' } }), ['/a/1', '/b~1c/d'])
  assert.deepEqual(paths({ metadata: { 'a\0b': 'x', '\udc00': 'y' } }), ['/metadata/a\ufffdb', '/metadata/\ufffd'])
  assert.deepEqual(paths('\0'), [''])
  assert.equal(textErrors(new Array(1000).fill('\0')).length, 16)
})

test('JSON is read in UTF-8, whole pairs may be escaped, and half of one is refused by its pointer', () => {
  assert.deepEqual(parse('{"a":"\\ud83d\\ude00","b":"😀"}'), { a: '😀', b: '😀' })
  for (const source of [
    '{"a":{"b":["\\u0000"]}}',
    '{"a":{"b":["\\ud83d"]}}',
    '{"a":{"b":["\\UDE00x"]}}'.replace('U', 'u')
  ]) {
    assert.deepEqual(
      failureOf(() => parse(source)).details.errors?.map(({ path }) => path),
      ['/a/b/0'],
      source
    )
  }
  for (const hex of ['ff', 'c080', 'eda080', 'f4908080', 'e282']) {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}')])
    assert.match(failureOf(() => parse(body)).message, /not valid UTF-8/, hex)
  }
  for (const charset of ['utf-8', 'UTF8', '"utf-8"', 'us-ascii']) parse('{}', `application/json; charset=${charset}`)
  for (const charset of ['utf-16', 'latin1', '"iso-8859-1"', '']) {
    assert.equal(
      failureOf(() => parse('{}', `application/json;charset=${charset}`)).code,
      'unsupported_media_type',
      charset
    )
  }
})

test('of a name that comes twice in an object the last one counts', () => {
  assert.deepEqual(parse('{"a":1,"a":2}'), { a: 2 })
})

test('JSON that is as deep as it is long is read or refused, and does not end the process', () => {
  const deep = `${'['.repeat(300_000)}"\\u0000"${']'.repeat(300_000)}`
  assert.equal(failureOf(() => parse(deep)).code, 'invalid_request')
})

test('what cannot be decoded in a query is marked for the rule of text, its name as well', () => {
  for (const text of [
    'a=%ff',
    'a=%zz',
    'a=%',
    'a=x%ed%a0%80',
    '%ff=1',
    'metadata[%ff]=1',
    'metadata[a]=%c0%80',
    'a=%00'
  ]) {
    assert.equal(textErrors(parseQuery(text)).length, 1, text)
  }
  assert.deepEqual(parseQuery('a=x+y&b=%2B&c&=d&metadata%5Bk%5D=%F0%9F%98%80'), {
    a: 'x y',
    b: '+',
    c: '',
    '': 'd',
    metadata: { k: '😀' }
  })
  assert.deepEqual(parseQuery('metadata[a]=1&metadata[a]=2'), { metadata: { a: ['1', '2'] } })
})

test('only plain numbers of a URL are numbers', () => {
  const schema = Type.Object({
    n: Type.Optional(Type.Integer({ default: 7 })),
    x: Type.Optional(Type.Number()),
    t: Type.Optional(Type.String())
  })
  const read = (given: object) => readTexts(schema, given)
  assert.deepEqual(read({}), { n: 7 })
  assert.deepEqual(read({ n: '12', x: '1.5e-3', t: '12' }), { n: 12, x: 0.0015, t: '12' })
  assert.ok(Object.is(read({ n: '-0' })['n'], 0))
  for (const n of [
    '',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '0x10',
    'true',
    'NaN',
    'Infinity',
    '١',
    '99999999999999999999',
    '+1'
  ]) {
    assert.equal(read({ n })['n'], n, JSON.stringify(n))
  }
  for (const x of ['1e400', '.5', '5.', '', 'Infinity', '1e9999']) assert.equal(read({ x })['x'], x, JSON.stringify(x))
})

test('dates are RFC 3339, and instants that a Date and Postgres have', () => {
  const iso = (text: string) => parseTimestamp(text)?.toISOString() ?? null
  assert.equal(iso('2026-01-31T12:00:00Z'), '2026-01-31T12:00:00.000Z')
  assert.equal(iso('2026-01-31t12:00:00.123456789z'), '2026-01-31T12:00:00.123Z')
  assert.equal(iso('2024-02-29T23:30:00.5-01:30'), '2024-03-01T01:00:00.500Z')
  assert.equal(iso('0001-01-01T00:00:00Z'), '0001-01-01T00:00:00.000Z')
  assert.equal(iso('9999-12-31T23:59:59.999Z'), '9999-12-31T23:59:59.999Z')
  for (const text of [
    ...['9999-12-31T23:59:60Z', '2016-12-31T23:59:60Z', '9999-12-31T23:59:59-00:01', '0001-01-01T00:00:00+00:01'],
    ...[
      '0000-01-01T00:00:00Z',
      '2026-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z'
    ],
    ...[
      '2026-01-00T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:00',
      '2026-01-01',
      '2026-01-01T00:00Z'
    ],
    ...[
      '2026-01-01 00:00:00Z',
      '2026-01-01T00:00:00+24:00',
      '2026-01-01T00:00:00+00:60',
      '2026-01-01T00:00:00+0000',
      '2026-01-01T00:00:00.Z'
    ],
    ...[
      '+010000-01-01T00:00:00Z',
      '-000001-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z[UTC]',
      '2026-1-1T0:0:0Z',
      '',
      'now',
      '1767225600',
      '٢٠٢٦-01-01T00:00:00Z'
    ]
  ]) {
    assert.equal(parseTimestamp(text), null, text)
  }
})

test('the page of the dashboard is served at the addresses that the dashboard knows', () => {
  const known = [
    '/runs',
    '/runs/new',
    '/runs/run_1',
    '/datasets',
    '/datasets/ds_1',
    '/models',
    '/models/mdl_1',
    '/keys'
  ]
  const unknown = ['/v1/runs', '/runs/a/b', '/keys/key_1', '/admin', '/.env', '/v1']
  for (const path of [...known, ...unknown]) {
    assert.equal(isDashboardView(path), matchRoute(path).page !== 'unknown', path)
  }
  assert.deepEqual(
    known.filter((path) => !isDashboardView(path)),
    []
  )
})
